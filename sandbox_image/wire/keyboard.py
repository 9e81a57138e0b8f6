"""What a hand does with the keyboard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_TEXT, Message

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Press(Message):
    """Press a key or a chord such as `ctrl+shift+t`, `repeat` times. Key names in any case, xdotool's spelling."""

    kind: Literal["press"] = "press"
    keys: str = Field(min_length=1, max_length=200)
    repeat: int = Field(default=1, ge=1, le=100)


class TypeText(Message):
    """Type text at the keyboard focus, character by character, exactly."""

    kind: Literal["type"] = "type"
    text: Text


class KeyDown(Message):
    """Press a key or a chord that stays down when the request ends, if all of its actions succeed."""

    kind: Literal["key_down"] = "key_down"
    keys: str = Field(min_length=1, max_length=200)


class KeyUp(Message):
    """Release a key or a chord that is held."""

    kind: Literal["key_up"] = "key_up"
    keys: str = Field(min_length=1, max_length=200)


KeyboardAction = Press | TypeText | KeyDown | KeyUp
