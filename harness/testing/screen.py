"""What the fake desktop shows: a stack of windows on a plain background, drawn with Pillow."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image, ImageDraw

from harness.testing.windows import TITLE_BAR, FakeWindow, contains, inside, overlap
from sandbox_image.wire import (
    ErrorCode,
    Refused,
    Region,
    ScreenPoint,
    Size,
    WaitWindow,
    WaitWindowGone,
    Window,
    WindowState,
    Word,
)

_BACKGROUND = "#2b5278"


@dataclass(eq=False)
class Opened:
    """A window on the screen, with what the window manager knows of it."""

    id: int
    pid: int | None
    window: FakeWindow
    state: WindowState = "normal"
    normal: Region | None = None  # where it was before it was maximized

    def told(self, *, active: bool) -> Window:
        """The window as the wire tells it."""
        shown = self.window
        return Window(
            id=self.id,
            title=shown.title,
            window_class=shown.window_class,
            pid=self.pid,
            region=shown.region,
            active=active,
            state=self.state,
        )


class FakeScreen:
    """The stack of windows, bottom to top; the topmost one has the focus. `news` is set when it may have changed."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.stack: list[Opened] = []
        self.news = asyncio.Event()
        self._next_id = 0x400001

    @property
    def whole(self) -> Region:
        """The screen as a region."""
        return Region(x=0, y=0, width=self.size.width, height=self.size.height)

    @property
    def active(self) -> Opened | None:
        """The window with the focus."""
        return self.shown[-1] if self.shown else None

    @property
    def shown(self) -> list[Opened]:
        """The windows that are not minimized."""
        return [one for one in self.stack if one.state != "minimized"]

    def open(self, window: FakeWindow, pid: int | None) -> Opened:
        """Put a window on top."""
        opened = Opened(self._next_id, pid, window)
        self._next_id += 1
        self.stack.append(opened)
        return opened

    def under(self, at: ScreenPoint) -> Opened | None:
        """The topmost window at a point."""
        return next((one for one in reversed(self.shown) if contains(one.window.frame, at)), None)

    def raise_at(self, at: ScreenPoint) -> Opened | None:
        """Bring the topmost window at a point to the top and give it the focus."""
        hit = self.under(at)
        if hit:
            self.top(hit)
        return hit

    def sweep(self) -> None:
        """Remove the windows that were closed."""
        self.stack = [one for one in self.stack if not one.window.closed]

    def tell(self) -> None:
        """Wake whoever waits for news, which may be none."""
        self.news.set()
        self.news = asyncio.Event()

    def windows(self) -> tuple[Window, ...]:
        """All windows, bottom to top."""
        return tuple(one.told(active=one is self.active) for one in self.stack)

    def find(self, wanted: WaitWindow) -> Window | None:
        """The newest window that matches everything given."""
        found = [window for window in self.matching(wanted) if window.state != "minimized"]
        return max(found, key=lambda window: window.id, default=None)

    def matching(self, wanted: WaitWindow | WaitWindowGone) -> list[Window]:
        """The windows that match everything given."""
        return [window for window in self.windows() if _matches(window, wanted)]

    def numbered(self, number: int) -> Opened:
        """The window with this number. Raises Refused where it is gone."""
        for one in self.stack:
            if one.id == number:
                return one
        raise Refused(ErrorCode.NO_SUCH_WINDOW, f"there is no window {number}: it is gone; list the windows there are")

    def top(self, one: Opened) -> None:
        """Bring a window to the top and give it the focus."""
        self.stack.remove(one)
        self.stack.append(one)

    def change(self, one: Opened, state: WindowState) -> None:
        """As the window manager does: what is minimized keeps its place and is not seen."""
        if one.state == "minimized" and state != "minimized":
            self.top(one)
        if state != "minimized":
            normal = one.normal or one.window.region
            one.normal = None if state == "normal" else normal
            one.window.region = self._filled(state) or normal
        one.state = state

    def _filled(self, state: WindowState) -> Region | None:
        above = {"maximized": TITLE_BAR, "fullscreen": 0}.get(state)
        return None if above is None else Region(x=0, y=above, width=self.size.width, height=self.size.height - above)

    def check(self, place: ScreenPoint | Region) -> None:
        """Raise Refused where a place is not wholly on the screen."""
        on = contains(self.whole, place) if isinstance(place, ScreenPoint) else inside(place, self.whole)
        if not on:
            raise Refused(
                ErrorCode.OFF_SCREEN,
                f"{place!r} is not on the screen: x goes from 0 to {self.size.width - 1}, y from 0 to"
                f" {self.size.height - 1}",
            )

    # --- looking --------------------------------------------------------------------------------------------------

    def words(self, region: Region) -> tuple[Word, ...]:
        """The words that are wholly in the region and not covered, in reading order."""
        seen: list[Word] = []
        for n, one in enumerate(self.shown):
            above = [higher.window.frame for higher in self.shown[n + 1 :]]
            seen += [word for word in one.window.words() if not any(overlap(word.box, frame) for frame in above)]
        ordered = sorted((word for word in seen if inside(word.box, region)), key=_reading_order)
        rows = {row: n for n, row in enumerate(dict.fromkeys(_row(word) for word in ordered))}
        return tuple(word.model_copy(update={"line": rows[_row(word)]}) for word in ordered)

    def token(self, region: Region) -> str:
        """What stands for the pixels of a region."""
        box = (region.x, region.y, region.x + region.width, region.y + region.height)
        return sha256(repr(region).encode() + self.render().crop(box).tobytes()).hexdigest()

    def render(self) -> Image.Image:
        """The whole screen."""
        frame = Image.new("RGB", (self.size.width, self.size.height), _BACKGROUND)
        canvas = ImageDraw.Draw(frame)
        for one in self.shown:
            one.window.draw(canvas, active=one is self.active)
        return frame


def _matches(window: Window, wanted: WaitWindow | WaitWindowGone) -> bool:
    return (
        (wanted.title is None or wanted.title.casefold() in window.title.casefold())
        and (wanted.title_regex is None or re.search(wanted.title_regex, window.title) is not None)
        and (wanted.window_class is None or _has_class(window, wanted.window_class))
        and (wanted.pid is None or wanted.pid == window.pid)
        and (not isinstance(wanted, WaitWindowGone) or wanted.window in (None, window.id))
    )


def _has_class(window: Window, wanted: str) -> bool:
    return wanted.casefold() in {half.casefold() for half in window.window_class}


def _row(word: Word) -> int:
    return (word.box.y + word.box.height // 2) // 11


def _reading_order(word: Word) -> tuple[int, int]:
    return (_row(word), word.box.x)
