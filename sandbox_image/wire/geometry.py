"""Places, sizes and rectangles in screen pixels."""

from __future__ import annotations

from pydantic import Field

from sandbox_image.wire.base import MAX_COORDINATE, Message


class ScreenPoint(Message):
    """A place on the screen in native pixels. May lie off the screen; whoever acts on it checks that."""

    x: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    y: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)


class Size(Message):
    """Width and height in pixels, both at least one."""

    width: int = Field(ge=1, le=MAX_COORDINATE)
    height: int = Field(ge=1, le=MAX_COORDINATE)


class Region(Message):
    """A rectangle of screen pixels: left, top, width, height."""

    x: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    y: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    width: int = Field(ge=1, le=MAX_COORDINATE)
    height: int = Field(ge=1, le=MAX_COORDINATE)

    @property
    def center(self) -> ScreenPoint:
        """The pixel in the middle, the upper left one of the four where there are four."""
        return ScreenPoint(x=self.x + (self.width - 1) // 2, y=self.y + (self.height - 1) // 2)

    @property
    def size(self) -> Size:
        """Width and height without the place."""
        return Size(width=self.width, height=self.height)

    def clipped(self, to: Region) -> Region | None:
        """The part of it that lies in another one, if any."""
        left, top = max(self.x, to.x), max(self.y, to.y)
        right, bottom = min(self.x + self.width, to.x + to.width), min(self.y + self.height, to.y + to.height)
        return Region(x=left, y=top, width=right - left, height=bottom - top) if left < right and top < bottom else None
