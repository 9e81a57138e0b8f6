"""The only place that knows both pixels of the screen and pixels of the picture somebody was shown.

A model points at a pixel of a picture that may be smaller than the screen, or a part of it. Both kinds of place
are types, so that the type checker finds a point that went into the wrong space.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from harness.errors import OutsidePicture
from sandbox_image.wire import Region, ScreenPoint, Size


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """A pixel of the picture that was shown, origin top left."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class ModelBox:
    """A part of the picture that was shown, in its pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Viewport:
    """How one picture relates to the screen: which region it shows, at what size."""

    region: Region  # screen pixels
    shown: Size  # pixels of the picture

    def to_screen(self, point: ModelPoint) -> ScreenPoint:
        """The screen pixel under the centre of a shown pixel.

        Raises OutsidePicture where the point is not in the picture; never clamps. Centres, because mapping the
        corner of a pixel puts every click up to half a pixel too far up and left, and more the smaller the picture.
        """
        if not (0 <= point.x < self.shown.width and 0 <= point.y < self.shown.height):
            raise OutsidePicture(
                f"({point.x}, {point.y}) is not in the picture: x goes from 0 to {self.shown.width - 1}, "
                f"y from 0 to {self.shown.height - 1}; take a new screenshot and point into it"
            )
        return ScreenPoint(
            x=self.region.x + _scale(point.x, self.shown.width, self.region.width),
            y=self.region.y + _scale(point.y, self.shown.height, self.region.height),
        )

    def to_region(self, first: ModelPoint, second: ModelPoint) -> Region:
        """The screen pixels between two corners of a rectangle in the picture; its right and bottom edge are outside.

        Raises OutsidePicture where a corner is outside, or they leave nothing between them.
        """
        left, right = sorted((first.x, second.x))
        top, bottom = sorted((first.y, second.y))
        if not (0 <= left < right <= self.shown.width and 0 <= top < bottom <= self.shown.height):
            raise OutsidePicture(
                f"({first.x}, {first.y}) to ({second.x}, {second.y}) is no rectangle in the picture: x goes from 0 to "
                f"{self.shown.width}, y from 0 to {self.shown.height}, and it has a width and a height"
            )
        x, width = _span(left, right, self.shown.width, self.region.width)
        y, height = _span(top, bottom, self.shown.height, self.region.height)
        return Region(x=self.region.x + x, y=self.region.y + y, width=width, height=height)

    def to_model(self, point: ScreenPoint) -> ModelPoint:
        """The shown pixel that holds a screen pixel's centre. Raises OutsidePicture where the region does not."""
        x, y = point.x - self.region.x, point.y - self.region.y
        if not (0 <= x < self.region.width and 0 <= y < self.region.height):
            raise OutsidePicture(f"screen pixel ({point.x}, {point.y}) is not in the region shown: {self.region!r}")
        return ModelPoint(
            x=_scale(x, self.region.width, self.shown.width), y=_scale(y, self.region.height, self.shown.height)
        )

    def to_model_box(self, region: Region) -> ModelBox:
        """All shown pixels that have something of a part of the screen, which lies in the region shown."""
        x, width = _covered(region.x - self.region.x, region.width, self.region.width, self.shown.width)
        y, height = _covered(region.y - self.region.y, region.height, self.region.height, self.shown.height)
        return ModelBox(x=x, y=y, width=width, height=height)


def _covered(begin: int, length: int, source: int, target: int) -> tuple[int, int]:
    """Where the pixels of one size begin that a stretch of another touches, and how many they are."""
    first = begin * target // source
    return first, -(-(begin + length) * target // source) - first


def _span(begin: int, end: int, source: int, target: int) -> tuple[int, int]:
    """Where a stretch of one size begins in another, and how long it is there, at least one pixel."""
    first = min(target - 1, (2 * begin * target + source) // (2 * source))
    return first, max(1, (2 * end * target + source) // (2 * source) - first)


def fit(screen: Size, within: Size) -> Size:
    """The largest size of the screen's shape that fits, in pixels; never larger than the screen, never below one."""
    if screen.width <= within.width and screen.height <= within.height:
        return screen
    return zoomed(screen, within)


def zoomed(screen: Size, within: Size) -> Size:
    """The largest size of this shape that fits, larger or smaller than it; never below one pixel."""
    if screen.width * within.height >= screen.height * within.width:  # the width binds
        return Size(width=within.width, height=max(1, round(screen.height * within.width / screen.width)))
    return Size(width=max(1, round(screen.width * within.height / screen.height)), height=within.height)


PATCH = 28
"""The Messages API sees a picture in squares of so many pixels, one token each, the last ones padded."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a model is shown as it is; anything larger the API resizes or refuses."""

    edge: int  # pixels of the longer side
    patches: int


STANDARD = PictureLimits(edge=1568, patches=1568)
HIGH = PictureLimits(edge=2000, patches=4784)
"""The API would take 2576 pixels, but no more than 2000 where a request holds more than twenty pictures."""


def patches(picture: Size) -> int:
    """Squares that cover a picture: what it costs in tokens."""
    return -(-picture.width // PATCH) * -(-picture.height // PATCH)


def fit_model(screen: Size, limits: PictureLimits) -> Size:
    """The largest size of the screen's shape that a model is shown as it is; never larger than the screen."""
    wide = screen.width >= screen.height
    longer, shorter = max(screen.width, screen.height), min(screen.width, screen.height)

    def shaped(long: int) -> Size:
        short = max(1, round(shorter * long / longer))
        return Size(width=long, height=short) if wide else Size(width=short, height=long)

    within = range(1, min(longer, limits.edge) + 1)
    return shaped(bisect_right(within, limits.patches, key=lambda long: patches(shaped(long))))


def _scale(pixel: int, source: int, target: int) -> int:
    """Index of the target pixel that holds the centre of a source pixel, in integers."""
    return (2 * pixel + 1) * target // (2 * source)
