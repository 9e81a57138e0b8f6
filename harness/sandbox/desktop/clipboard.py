"""The clipboard."""

from __future__ import annotations

from harness.sandbox.desktop.requests import Requests, sendable
from sandbox_image.wire import ClipboardRead, Done, ReadClipboard, SetClipboard


class Clipboard(Requests):
    """What the next paste gives. Reading and setting press no keys, and change nothing on the screen.

    Reading raises ActionFailed where the program that owns the content does not answer within two seconds, or holds
    more than 8 MiB in the form asked for.
    """

    async def clipboard(self) -> str | None:
        """The clipboard's text; None where it is empty or holds no text."""
        return (await self._one(ReadClipboard(form="text"), ClipboardRead)).text

    async def clipboard_html(self) -> str | None:
        """The clipboard's HTML; None where it holds none."""
        return (await self._one(ReadClipboard(form="html"), ClipboardRead)).html

    async def clipboard_image(self) -> bytes | None:
        """The clipboard's picture as the bytes of a PNG file; None where it holds none."""
        return (await self._one(ReadClipboard(form="image"), ClipboardRead)).image

    async def clipboard_targets(self) -> tuple[str, ...]:
        """Names under which the clipboard offers its content, such as `UTF8_STRING`, `text/html` and `image/png`."""
        return (await self._one(ReadClipboard(), ClipboardRead)).targets

    async def set_clipboard(
        self, text: str | None = None, *, html: str | None = None, image: bytes | None = None
    ) -> None:
        """Put a content into the clipboard, in one form or several at once; a program pastes the one it likes best.

        `image` is the bytes of a PNG file. Raises UsageError where all forms together have more than 8 MiB.
        """
        with sendable():
            action = SetClipboard(text=text, html=html, image=image)
        await self._one(action, Done)
