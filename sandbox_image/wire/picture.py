"""Waiting for the screen to be still, what became of it, and the picture of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message
from sandbox_image.wire.geometry import Region, Size


class Settle(Message):
    """How long to wait for the screen to be still after the actions.

    Wait up to `first_ms` for something to be drawn, then until nothing is for `quiet_ms`. Where programs are still
    at work by then, wait on for them until they rest, `patience_ms` after the last drawing at most; 0 is to judge by
    the screen alone. `limit_ms` ends it in any case.
    """

    quiet_ms: int = Field(default=70, ge=1, le=60_000)
    first_ms: int = Field(default=250, ge=1, le=60_000)
    patience_ms: int = Field(default=2_000, ge=0, le=60_000)
    limit_ms: int = Field(default=2_000, ge=1, le=MAX_DEADLINE_MS)


MAX_SIDE, MAX_PIXELS = 16_383, 1 << 25
"""The largest picture: WebP has no longer sides, and 33 million pixels are a screen of 7680x4320."""

PictureFormat = Literal["png", "jpeg", "webp"]


class Picture(Message):
    """Which picture to bring back: a region of the screen, scaled to exactly `size`, encoded.

    `auto` is PNG, or JPEG where the PNG would pass `png_limit` bytes. `quality` is of JPEG and of WebP that is not
    `lossless`. The pointer is in no capture; with `pointer` it is drawn where it is, as it looks.

    With `only_changes` the picture is of the box that changed, in native pixels, as far as it lies in the region;
    there is none where nothing in the region changed. What counts is what changed since before the request's actions.
    """

    region: Region | None = None  # the whole screen
    size: Size | None = None  # as captured
    format: Literal["auto"] | PictureFormat = "auto"
    png_limit: int = Field(default=200_000, ge=0)
    quality: int = Field(default=80, ge=1, le=95)
    lossless: bool = False
    pointer: bool = False
    only_changes: bool = False

    @field_validator("size")
    @classmethod
    def _can_be_made(cls, size: Size | None) -> Size | None:
        if size and (max(size.width, size.height) > MAX_SIDE or size.width * size.height > MAX_PIXELS):
            raise ValueError(f"a picture has at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all")
        return size

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.lossless and self.format != "webp":
            raise ValueError(f"lossless is for webp; {self.format} has no such choice")
        if self.only_changes and self.size:
            raise ValueError("what changed comes in native pixels: leave size out, or only_changes")
        return self


class Effect(Message):
    """What became of the screen between the first action and the picture."""

    changed: bool
    box: Region | None  # smallest rectangle that holds every changed pixel
    share: float = Field(ge=0, le=1)  # changed pixels over all pixels
    still: bool  # False: the screen was still changing when the limit came
    busy: bool = False  # programs were still at work when patience or the limit ended
    waited_ms: float = Field(ge=0)


class PictureInfo(Message):
    """The picture that follows the reply in its frame."""

    region: Region
    size: Size
    format: PictureFormat
    length: int = Field(ge=1)  # bytes
