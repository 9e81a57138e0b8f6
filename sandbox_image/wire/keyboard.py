"""What a hand does with the keyboard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sandbox_image.wire.base import MAX_TEXT, Message

MAX_HOLD_MS = 300_000
"""Longest time one `hold` action takes."""


def _encodable(text: str) -> str:
    text.encode()  # half of a surrogate pair is no character
    return text


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_encodable)]


class Press(Message):
    """Press a key or a chord such as `ctrl+shift+t`, `repeat` times. Key names in any case, xdotool's spelling."""

    kind: Literal["press"] = "press"
    keys: str = Field(min_length=1, max_length=200)
    repeat: int = Field(default=1, ge=1, le=100)


class TypeText(Message):
    """Type text at the keyboard focus, exactly; answered with `Typed`. Line ends are Return, tabs Tab.

    Control characters besides those are refused. A `secret` never goes through the clipboard.
    """

    kind: Literal["type"] = "type"
    text: Text
    secret: bool = False


class Typed(Message):
    """How many characters of a text went in by keys of the layout, by pasting, and by keys that were given them."""

    kind: Literal["typed"] = "typed"
    keys: int = 0
    pasted: int = 0
    bound: int = 0


class Hold(Message):
    """Hold a key or a chord down for a time. A key that writes something repeats meanwhile, as for a person."""

    kind: Literal["hold"] = "hold"
    keys: str = Field(min_length=1, max_length=200)
    hold_ms: int = Field(ge=1, le=MAX_HOLD_MS)


class KeyDown(Message):
    """Press a key or a chord that stays down when the request ends, if all of its actions succeed."""

    kind: Literal["key_down"] = "key_down"
    keys: str = Field(min_length=1, max_length=200)


class KeyUp(Message):
    """Release a key or a chord that is held."""

    kind: Literal["key_up"] = "key_up"
    keys: str = Field(min_length=1, max_length=200)


KeyboardAction = Press | TypeText | Hold | KeyDown | KeyUp
