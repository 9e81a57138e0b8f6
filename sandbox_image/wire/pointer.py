"""What a hand does with the mouse."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sandbox_image.wire.base import Message
from sandbox_image.wire.geometry import ScreenPoint

Button = Literal["left", "middle", "right", "back", "forward"]

Modifiers = Annotated[tuple[str, ...], Field(max_length=8)]
"""Keys that are down meanwhile: `shift`, `ctrl`, `alt`, `super`, `altgr`, by any name they have as keys."""


class Move(Message):
    """Move the pointer: at once, or pixel by pixel as a drag does where a button is held."""

    kind: Literal["move"] = "move"
    to: ScreenPoint


class Click(Message):
    """Press and release a button `count` times; at the pointer where no place is given."""

    kind: Literal["click"] = "click"
    at: ScreenPoint | None = None
    button: Button = "left"
    count: int = Field(default=1, ge=1, le=3)
    modifiers: Modifiers = ()


class Drag(Message):
    """Press at the first point, move through the others with motion between them, release at the last."""

    kind: Literal["drag"] = "drag"
    path: tuple[ScreenPoint, ...] = Field(min_length=2, max_length=1000)
    button: Button = "left"
    modifiers: Modifiers = ()


class Scroll(Message):
    """Turn the wheel: `dx` clicks to the right and `dy` clicks down, negative for left and up."""

    kind: Literal["scroll"] = "scroll"
    at: ScreenPoint | None = None
    dx: int = Field(default=0, ge=-1000, le=1000)
    dy: int = Field(default=0, ge=-1000, le=1000)
    modifiers: Modifiers = ()

    @model_validator(mode="after")
    def _turns(self) -> Scroll:
        if self.dx == 0 and self.dy == 0:
            raise ValueError("a scroll needs a dx or a dy other than 0")
        return self


class ButtonDown(Message):
    """Press a button that stays down when the request ends, if all of its actions succeed."""

    kind: Literal["button_down"] = "button_down"
    at: ScreenPoint | None = None
    button: Button = "left"


class ButtonUp(Message):
    """Release a button that is held; on the way to a place it is dragged there."""

    kind: Literal["button_up"] = "button_up"
    at: ScreenPoint | None = None
    button: Button = "left"


class ReleaseAll(Message):
    """Release every button and key that is down."""

    kind: Literal["release_all"] = "release_all"


class ReadPointer(Message):
    """Ask where the pointer is and what is held."""

    kind: Literal["read_pointer"] = "read_pointer"


class PointerState(Message):
    """Where the pointer is, and what is held on purpose: by the names it was asked for, the oldest first."""

    kind: Literal["pointer_state"] = "pointer_state"
    at: ScreenPoint
    buttons: tuple[Button, ...]
    keys: tuple[str, ...]


PointerAction = Move | Click | Drag | Scroll | ButtonDown | ButtonUp | ReleaseAll | ReadPointer
