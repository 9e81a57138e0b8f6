"""Live frames of the fake screen, its windows and programs, as actions and tests change them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator

from PIL import Image

from harness.testing.eyes import compare, crop, moved, photograph, with_pointer
from harness.testing.screen import FakeScreen
from sandbox_image.wire import (
    Event,
    FrameInfo,
    Frames,
    Listen,
    LiveFrame,
    ProgramList,
    Region,
    ScreenPoint,
    Settle,
    WindowList,
)


class FakeLive:
    """Tells what changed whenever the screen has news."""

    def __init__(
        self, screen: FakeScreen, pointer: Callable[[], ScreenPoint], programs: Callable[[], ProgramList]
    ) -> None:
        self._screen = screen
        self._pointer = pointer
        self._programs = programs

    async def listen(self, request: Listen) -> AsyncGenerator[Event]:
        """As `Guest.events`."""
        frames = _Camera(self._screen, self._pointer, request.frames) if request.frames else None
        last: dict[str, WindowList | ProgramList] = {}
        while True:
            news = self._screen.news
            frame = frames.next() if frames else None
            if frame:
                yield frame
            for listed in self._lists(request):
                if listed != last.get(listed.kind):
                    last[listed.kind] = listed
                    yield listed
            await news.wait()
            if frames:
                await frames.due()

    def _lists(self, request: Listen) -> Iterator[WindowList | ProgramList]:
        if request.windows:
            yield WindowList(windows=self._screen.windows())
        if request.programs:
            yield self._programs()


class _Camera:
    """Takes the frames of one listener."""

    def __init__(self, screen: FakeScreen, pointer: Callable[[], ScreenPoint], wish: Frames) -> None:
        if wish.picture.region:
            screen.check(wish.picture.region)
        self._screen, self._pointer, self._wish = screen, pointer, wish
        self._last: Image.Image | None = None
        self._taken = 0.0
        self._sequence = 0

    def next(self) -> LiveFrame | None:
        """A frame, unless the screen shows what it showed last."""
        picture, at = self._wish.picture, self._pointer()
        frame = self._screen.render()
        shown = crop(with_pointer(frame, at) if picture.pointer else frame, self._region)
        effect = compare(self._last, shown, Settle()) if self._last else None
        photo = photograph(frame, picture, at, None)
        if (effect and not effect.changed) or photo is None:
            return None
        self._last, self._taken, self._sequence = shown, time.monotonic(), self._sequence + 1
        changed = effect.box and moved(effect.box, self._region) if effect else None
        taken_ms = round(time.time() * 1000)  # noqa: TID251 - told to people
        info = FrameInfo(sequence=self._sequence, time_ms=taken_ms, changed=changed, picture=photo[0])
        return LiveFrame(info, photo[1])

    async def due(self) -> None:
        """Wait until the next frame may be taken."""
        await asyncio.sleep(self._taken + 1 / self._wish.fps - time.monotonic())

    @property
    def _region(self) -> Region:
        return self._wish.picture.region or self._screen.whole
