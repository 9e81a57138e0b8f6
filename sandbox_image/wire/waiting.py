"""Waiting for the screen: until it changes, until it is still."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message
from sandbox_image.wire.geometry import Region
from sandbox_image.wire.picture import Effect


class WaitChange(Message):
    """Wait until a pixel of the screen, or of a region of it, is another than before. Fails with `deadline`.

    Before means when the wait begins, or, with the `seen` of a text that was read, when that was read: so nothing
    that happens in between is missed. A caret that blinks is a change.
    """

    kind: Literal["wait_change"] = "wait_change"
    region: Region | None = None
    since: str | None = Field(default=None, max_length=64)
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class WaitStill(Message):
    """Wait until the screen, or a region of it, keeps its pixels for `quiet_ms`. Fails with `deadline`.

    Drawing the same again is no change. A spot of a caret's size that changes again and again counts once.
    """

    kind: Literal["wait_still"] = "wait_still"
    region: Region | None = None
    quiet_ms: int = Field(default=200, ge=1, le=60_000)
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class Waited(Message):
    """What became of the screen, or of the region, from the beginning of the wait to its end.

    `effect.share` is of the pixels that were watched. Where they had changed before the wait began, the box is all
    of them.
    """

    kind: Literal["waited"] = "waited"
    effect: Effect


WaitingAction = WaitChange | WaitStill
