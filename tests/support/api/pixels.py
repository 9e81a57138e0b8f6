"""A model that sees: it finds things in the pictures it was sent, and points at them in the pixels of the picture.

So a harness that maps points wrongly misses, in whatever form of the computer tool it declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops

from tests.support.api.playing import Turn, call, computer, member, say
from tests.support.api.problems import Json
from tests.support.api.shapes import Toolset

if TYPE_CHECKING:
    from tests.support.api.reading import Request

Colour = tuple[int, int, int]
NEAR = 40  # how far each part of a colour may be off: pictures are scaled and compressed


@dataclass(frozen=True, order=True)
class Box:
    """A part of a picture, in its pixels; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def centre(self) -> tuple[int, int]:
        """The pixel in the middle."""
        return (self.left + self.right - 1) // 2, (self.top + self.bottom - 1) // 2

    @property
    def area(self) -> int:
        """In pixels."""
        return (self.right - self.left) * (self.bottom - self.top)


# --- seeing ------------------------------------------------------------------------------------------------------


def find_all(picture: Image.Image, colour: Colour, *, near: int = NEAR) -> list[Box]:
    """What hangs together in about this colour, as the boxes around it, the largest first."""
    boxes: list[Box] = []
    open_boxes: list[Box] = []
    for row, runs in enumerate(_runs(_mask(picture, colour, near))):
        here: list[Box] = []
        for left, right in runs:
            touching = [box for box in open_boxes if box.left < right and left < box.right and box.bottom >= row]
            touching += [box for box in here if box.left < right and left < box.right]
            merged = reduce(_around, touching, Box(left, row, right, row + 1))
            open_boxes = [box for box in open_boxes if box not in touching]
            here = [*(box for box in here if box not in touching), merged]
        boxes += [box for box in open_boxes if box.bottom < row]
        open_boxes = [box for box in open_boxes if box.bottom >= row] + here
    return sorted(boxes + open_boxes, key=lambda box: (-box.area, box))


def find(picture: Image.Image, colour: Colour, *, near: int = NEAR, at_least: int = 16) -> Box | None:
    """The largest thing of about this colour, if there is one of so many pixels."""
    found = find_all(picture, colour, near=near)
    return found[0] if found and found[0].area >= at_least else None


def find_template(picture: Image.Image, template: Image.Image, *, near: int = 0) -> Box | None:
    """Where a piece of a picture stands, topmost and leftmost first."""
    picture, template = picture.convert("RGB"), template.convert("RGB")
    width, height = template.size
    points = {(x, y) for x in (0, width // 2, width - 1) for y in (0, height // 2, height - 1)}
    masks = [(point, _mask(picture, _pixel(template, point), near)) for point in sorted(points)]
    (at_x, at_y), rarest = min(masks, key=lambda one: one[1].histogram()[255])
    for row, runs in enumerate(_runs(rarest)):
        for left, right in runs:
            for column in range(left, right):
                box = (column - at_x, row - at_y, column - at_x + width, row - at_y + height)
                if _equal(picture, template, box, near):
                    return Box(*box)
    return None


def _pixel(picture: Image.Image, point: tuple[int, int]) -> Colour:
    red, green, blue = picture.getpixel(point)  # type: ignore[misc] # the picture is RGB
    return red, green, blue


def _mask(picture: Image.Image, colour: Colour, near: int) -> Image.Image:
    """White where the picture has about this colour."""
    off = ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, colour))
    bands = [band.point([255 if value <= near else 0 for value in range(256)]) for band in off.split()]
    return reduce(ImageChops.darker, bands)


def _runs(mask: Image.Image) -> Iterator[list[tuple[int, int]]]:
    """Of each row where white begins and ends."""
    width, raw = mask.width, mask.tobytes()
    for start in range(0, len(raw), width):
        yield [run.span() for run in re.finditer(rb"\xff+", raw[start : start + width])]


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _equal(picture: Image.Image, template: Image.Image, box: tuple[int, int, int, int], near: int) -> bool:
    left, top, right, bottom = box
    if left < 0 or top < 0 or right > picture.width or bottom > picture.height:
        return False
    off = ImageChops.difference(picture.crop(box), template).getextrema()
    return all(high <= near for _, high in off)  # type: ignore[misc] # RGB has pairs


# --- acting ------------------------------------------------------------------------------------------------------


def act(request: Request, action: str, /, **given: Any) -> Json:
    """A call of an action, in the form of the computer tool the request declared. Points are in the picture's pixels.

    Raises `LookupError` where the request declared none.
    """
    if request.computer is None:
        raise LookupError("the request declares no computer tool")
    return member(action, **given) if isinstance(request.computer, Toolset) else computer(action, **given)


@dataclass(frozen=True)
class Look:
    """What the model sees and may do about it."""

    request: Request

    @property
    def picture(self) -> Image.Image | None:
        """The last picture, exactly as it was sent."""
        return self.request.pictures[-1].image if self.request.pictures else None

    def find(self, colour: Colour, *, near: int = NEAR) -> Box | None:
        """The largest thing of about this colour in the last picture."""
        return None if self.picture is None else find(self.picture, colour, near=near)

    def act(self, action: str, /, **given: Any) -> Json:
        """A call of an action in the form that was declared."""
        return act(self.request, action, **given)

    def click(self, colour: Colour, *, action: str = "left_click", near: int = NEAR) -> Json | None:
        """A click into the middle of the largest thing of about this colour, or None if there is none."""
        box = self.find(colour, near=near)
        return None if box is None else self.act(action, coordinate=list(box.centre))

    def call(self, name: str, /, **given: Any) -> Json:
        """A call of another tool."""
        return call(name, **given)


Step = Callable[[Look], Sequence[Json] | Json | None]
"""What to do, or None as long as it cannot be done: then the model waits and looks again."""


def click_on(colour: Colour, *, action: str = "left_click", near: int = NEAR) -> Step:
    """Click on the largest thing of about this colour, once it is there."""
    return lambda look: look.click(colour, action=action, near=near)


def do(action: str, /, **given: Any) -> Step:
    """Do something that needs no looking."""
    return lambda look: look.act(action, **given)


def see(colour: Colour, *, near: int = NEAR) -> Step:
    """Go on once something of about this colour is there."""
    return lambda look: None if look.find(colour, near=near) is None else []


@dataclass
class PixelPolicy:
    """Does its steps one after another, each from the picture that shows what the one before did, then says `done`.

    A request that comes again, with as many turns as before, is answered as before. A step that finds nothing in
    `patience` pictures in a row ends the run: the model says so.
    """

    steps: Sequence[Step]
    done: str = "Done."
    patience: int = 20
    _at: int = 0
    _waited: int = 0
    _answers: dict[int, Turn] = field(default_factory=dict)

    async def __call__(self, request: Request) -> Turn:
        turns = sum(message["role"] == "assistant" for message in request.turns)
        if turns not in self._answers:
            self._answers[turns] = self._next(Look(request))
        return self._answers[turns]

    def _next(self, look: Look) -> Turn:
        if look.picture is None:
            return Turn([look.act("screenshot")])
        while self._at < len(self.steps):
            made = self.steps[self._at](look)
            if made is None:
                return self._wait(look)
            self._at, self._waited = self._at + 1, 0
            if blocks := [made] if isinstance(made, dict) else list(made):
                return Turn([*blocks, look.act("screenshot")])
        return Turn([say(self.done)])

    def _wait(self, look: Look) -> Turn:
        self._waited += 1
        if self._waited > self.patience:
            return Turn([say(f"Step {self._at + 1} found nothing.")])
        return Turn([look.act("wait", duration=1), look.act("screenshot")])
