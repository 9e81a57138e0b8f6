"""The clipboard."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from sandbox_image.wire.base import Message

MAX_CLIPBOARD_BYTES = 8 << 20
"""Most that is put into the clipboard, all forms together, and most that is read of one form."""
PNG = b"\x89PNG\r\n\x1a\n"


def _png(data: bytes) -> bytes:
    if not data.startswith(PNG):
        raise ValueError("an image in the clipboard is the bytes of a PNG file")
    return data


class Forms(Message):
    """Forms of one content; bytes are base64 in JSON."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    text: str | None = None
    html: str | None = None
    image: Annotated[bytes, AfterValidator(_png)] | None = None  # PNG


class SetClipboard(Forms):
    """Put a content into the clipboard, in one form or several; the program that pastes it chooses."""

    kind: Literal["set_clipboard"] = "set_clipboard"

    @model_validator(mode="after")
    def _some_and_not_too_much(self) -> Self:
        forms = [form for form in (self.text, self.html, self.image) if form is not None]
        if not forms:
            raise ValueError("give at least one of text, html and image")
        size = sum(len(form.encode() if isinstance(form, str) else form) for form in forms)
        if size > MAX_CLIPBOARD_BYTES:
            raise ValueError(f"{size} bytes are too many, at most {MAX_CLIPBOARD_BYTES} are taken: put a file instead")
        return self


class ReadClipboard(Message):
    """Read the clipboard in one form; answered with `ClipboardRead`."""

    kind: Literal["read_clipboard"] = "read_clipboard"
    form: Literal["text", "html", "image"] = "text"


class ClipboardRead(Forms):
    """What the clipboard holds in the form asked for, if it does; and under which names it offers what it holds."""

    kind: Literal["clipboard_read"] = "clipboard_read"
    targets: tuple[str, ...] = Field(default=())


ClipboardAction = SetClipboard | ReadClipboard
