"""From a frame to the picture that was asked for: the pointer drawn in, cut out, encoded."""

from __future__ import annotations

from sandbox_image.cursor import cursor, drawn
from sandbox_image.lane import Desk
from sandbox_image.screen import Frame, cropped, encoded
from sandbox_image.wire import Effect, Picture, PictureInfo, Region


def taken(desk: Desk, frame: Frame, picture: Picture, effect: Effect | None = None) -> tuple[PictureInfo, bytes] | None:
    """The picture; None where only changes are wanted and the region has none."""
    region = _wanted(frame, picture, effect)
    if region is None:
        return None
    part = cropped(frame, region)
    return encoded(drawn(part, cursor(desk.x)) if picture.pointer else part, picture)


def _wanted(frame: Frame, picture: Picture, effect: Effect | None) -> Region | None:
    region = picture.region or frame.region
    if not picture.only_changes:
        return region
    return effect.box.clipped(region) if effect and effect.box else None
