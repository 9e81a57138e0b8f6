"""What a hand does with the mouse."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sandbox_image.wire.base import Message
from sandbox_image.wire.geometry import ScreenPoint

Button = Literal["left", "middle", "right"]


class Move(Message):
    """Move the pointer."""

    kind: Literal["move"] = "move"
    to: ScreenPoint


class Click(Message):
    """Press and release a button `count` times; at the pointer where no place is given."""

    kind: Literal["click"] = "click"
    at: ScreenPoint | None = None
    button: Button = "left"
    count: int = Field(default=1, ge=1, le=3)


class Drag(Message):
    """Press at the first point, move through the others with motion between them, release at the last."""

    kind: Literal["drag"] = "drag"
    path: tuple[ScreenPoint, ...] = Field(min_length=2, max_length=1000)
    button: Button = "left"


class Scroll(Message):
    """Turn the wheel: `dx` clicks to the right and `dy` clicks down, negative for left and up."""

    kind: Literal["scroll"] = "scroll"
    at: ScreenPoint | None = None
    dx: int = Field(default=0, ge=-1000, le=1000)
    dy: int = Field(default=0, ge=-1000, le=1000)

    @model_validator(mode="after")
    def _turns(self) -> Scroll:
        if self.dx == 0 and self.dy == 0:
            raise ValueError("a scroll needs a dx or a dy other than 0")
        return self


PointerAction = Move | Click | Drag | Scroll
