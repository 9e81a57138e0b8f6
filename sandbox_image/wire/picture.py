"""Waiting for the screen to be still, what became of it, and the picture of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message
from sandbox_image.wire.geometry import Region, Size


class Settle(Message):
    """How long to wait for the screen to be still after the actions.

    Wait up to `first_ms` for the first damage; nothing by then means nothing will come. Then wait until
    `quiet_ms` pass without damage, `limit_ms` in all at most.
    """

    quiet_ms: int = Field(default=200, ge=1, le=60_000)
    first_ms: int = Field(default=250, ge=1, le=60_000)
    limit_ms: int = Field(default=2_000, ge=1, le=MAX_DEADLINE_MS)


class Picture(Message):
    """Which picture to bring back: a region of the screen, scaled to exactly `size`, encoded.

    `auto` is PNG, or JPEG where the PNG would pass `png_limit` bytes.
    """

    region: Region | None = None  # the whole screen
    size: Size | None = None  # as captured
    format: Literal["auto", "png", "jpeg"] = "auto"
    png_limit: int = Field(default=200_000, ge=0)
    quality: int = Field(default=80, ge=1, le=95)


class Effect(Message):
    """What became of the screen between the first action and the picture."""

    changed: bool
    box: Region | None  # smallest rectangle that holds every changed pixel
    share: float = Field(ge=0, le=1)  # changed pixels over all pixels
    still: bool  # False: the screen was still changing when the limit came
    waited_ms: float = Field(ge=0)


class PictureInfo(Message):
    """The picture that follows the reply in its frame."""

    region: Region
    size: Size
    format: Literal["png", "jpeg"]
    length: int = Field(ge=1)  # bytes
