"""Windows of the fake desktop: a title, some text, some buttons, and what clicks and keys do to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from PIL import ImageFont

from sandbox_image.wire import Region, ScreenPoint, Word

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

TITLE_BAR = 24
_PAD = 8
_LINE = 22
_BUTTON = 28
_INK, _PAPER, _BAR, _ACTIVE_BAR, _FACE = "#000000", "#ffffff", "#c8c8c8", "#9db8e0", "#e4e4e4"


@dataclass(eq=False)
class FakeWindow:
    """A window that shows `text`, takes what is typed at its end, and has a row of `buttons` at its foot.

    A button calls its function with the window. Override `clicked`, `typed`, `pressed`, `scrolled` or `closing` for
    other behaviour; whatever they do to the window shows on the screen after the action.
    """

    title: str = "Window"
    region: Region = field(default_factory=lambda: Region(x=60, y=60, width=400, height=240))
    text: str = ""
    buttons: dict[str, Callable[[FakeWindow], None]] = field(default_factory=dict)
    window_class: tuple[str, str] = ("fake", "Fake")
    password: bool = False  # it shows a bullet for each character of its text
    closed: bool = False  # a window that sets this is gone after the action

    def clicked(self, at: ScreenPoint, button: str, count: int) -> None:
        """A click on the client area, in screen pixels."""
        if button != "left" or count < 1:
            return
        for name, box in self.button_boxes().items():
            if contains(box, at):
                self.buttons[name](self)

    def typed(self, text: str) -> None:
        """Text that was typed while the window had the focus."""
        self.text += text

    def pressed(self, keys: tuple[str, ...]) -> None:
        """A chord, the key last; names in lower case without `_`, such as `("ctrl", "pageup")`."""
        match keys:
            case ("return" | "kpenter",):
                self.text += "\n"
            case ("backspace",):
                self.text = self.text[:-1]
            case ("space",):
                self.text += " "
            case (one,) if len(one) == 1:
                self.text += one
            case ("shift", one) if len(one) == 1:
                self.text += one.upper()
            case _:
                pass

    def closing(self) -> FakeWindow | None:
        """Somebody asked it to close: it does, unless it returns a dialog that is to open instead."""
        self.closed = True
        return None

    def scrolled(self, dx: int, dy: int) -> None:
        """Turns of the wheel over the window."""

    # --- how it looks ---------------------------------------------------------------------------------------------

    @property
    def frame(self) -> Region:
        """The client area with the title bar above it."""
        area = self.region
        return Region(x=area.x, y=area.y - TITLE_BAR, width=area.width, height=area.height + TITLE_BAR)

    def button_boxes(self) -> dict[str, Region]:
        """Where each button is, in screen pixels."""
        boxes, x = {}, self.region.x + _PAD
        y = self.region.y + self.region.height - _PAD - _BUTTON
        for name in self.buttons:
            width = round(font().getlength(name)) + 2 * _PAD
            boxes[name] = Region(x=x, y=y, width=width, height=_BUTTON)
            x += width + _PAD
        return boxes

    def text_box(self) -> Region:
        """Where the text is: above the buttons."""
        foot = _BUTTON + 2 * _PAD if self.buttons else 0
        return self.region.model_copy(update={"height": max(1, self.region.height - foot)})

    def words(self) -> list[Word]:
        """Every word the window shows, with the exact box it is drawn in, whatever may cover it."""
        lines = [(self.title, self.region.x + _PAD, self.region.y - TITLE_BAR + 3)]
        lines += [
            (line, self.region.x + _PAD, self.region.y + _PAD + n * _LINE)
            for n, line in enumerate(self._shown().split("\n"))
        ]
        lines += [(name, box.x + _PAD, box.y + 5) for name, box in self.button_boxes().items()]
        words = [word for n, (line, x, y) in enumerate(lines) for word in _words(line, x, y, n)]
        return [word for word in words if inside(word.box, self.frame)]

    def _shown(self) -> str:
        return re.sub(r"[^\n]", "•", self.text) if self.password else self.text

    def draw(self, canvas: ImageDraw, *, active: bool) -> None:
        """Draw the frame, the buttons and the words."""
        canvas.rectangle(_corners(self.frame), fill=_ACTIVE_BAR if active else _BAR, outline=_INK)
        canvas.rectangle(_corners(self.region), fill=_PAPER, outline=_INK)
        for box in self.button_boxes().values():
            canvas.rectangle(_corners(box), fill=_FACE, outline=_INK)
        for word in self.words():
            left, top, _, _ = font().getbbox(word.text)
            canvas.text((word.box.x - left, word.box.y - top), word.text, fill=_INK, font=font())


def contains(region: Region, point: ScreenPoint) -> bool:
    """Whether a pixel lies in a region."""
    return 0 <= point.x - region.x < region.width and 0 <= point.y - region.y < region.height


def inside(inner: Region, outer: Region) -> bool:
    """Whether a region lies wholly in another."""
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def overlap(one: Region, other: Region) -> bool:
    """Whether two regions share a pixel."""
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@cache
def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The one font of the fake desktop; it comes with Pillow, so pictures are the same everywhere."""
    return ImageFont.load_default(16)


def _words(line: str, x: int, y: int, number: int) -> list[Word]:
    """The words of a line that begins at (x, y), each in the box of its ink."""
    words: list[Word] = []
    start = 0
    for text in line.split():
        start = line.index(text, start)
        left, top, right, bottom = (round(edge) for edge in font().getbbox(text))
        at = x + round(font().getlength(line[:start]))
        box = Region(x=at + left, y=y + top, width=max(1, right - left), height=max(1, bottom - top))
        words.append(Word(text=text, box=box, confidence=100, line=number))
        start += len(text)
    return words


def _corners(region: Region) -> tuple[int, int, int, int]:
    return (region.x, region.y, region.x + region.width - 1, region.y + region.height - 1)
