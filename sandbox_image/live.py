"""What is pushed while it happens: frames, windows and programs, made once for all who listen, and only meanwhile.

A state, the frame of one wish or the list of windows or programs, is made when a listener asks for one newer than it
has, and then for everybody who waits for it. So the cost does not grow with listeners, a slow one gets the newest
state and no queue, and where nobody asks nothing runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from sandbox_image import windows
from sandbox_image.cursor import cursor, drawn
from sandbox_image.lane import Desk, Lane
from sandbox_image.screen import Frame, effect, encoded
from sandbox_image.waiting import seen
from sandbox_image.wire import (
    ErrorCode,
    Event,
    FrameInfo,
    Frames,
    Listen,
    LiveFrame,
    PictureInfo,
    ProgramList,
    Refused,
    Region,
    WindowList,
)

T = TypeVar("T")
MAX_STATES = 8
"""Different wishes that are listened to at a time: each takes a thread and a connection to the X server."""
ROUND_S = 60.0
"""How long one wait for a change lasts; then the next one begins."""


class Shot(NamedTuple):
    """A frame, with the pointer where it was wished for, and the picture of it."""

    frame: Frame
    info: PictureInfo
    picture: bytes
    changed: Region | None  # since the shot before it
    at: float  # monotonic seconds
    time_ms: int


class State(Generic[T]):
    """The newest of something; each one is made from the one before it."""

    def __init__(self, make: Callable[[T | None], Awaitable[T]]) -> None:
        self.listeners = 0
        self._make = make
        self._newest: tuple[int, T | None] = (0, None)
        self._making: asyncio.Task[tuple[int, T]] | None = None

    async def newer(self, than: int) -> tuple[int, T]:
        """The newest one and its number, once that is a higher one."""
        number, newest = self._newest
        if newest is not None and number > than:
            return number, newest
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._next(number, newest))
        return await asyncio.shield(self._making)

    @asynccontextmanager
    async def listened(self) -> AsyncGenerator[None]:
        """Be a listener; with the last one what is being made ends, and what was made is forgotten."""
        self.listeners += 1
        try:
            yield
        finally:
            self.listeners -= 1
            if not self.listeners:
                await self._end()

    async def _end(self) -> None:
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])
        self._newest = (0, None)

    async def _next(self, number: int, newest: T | None) -> tuple[int, T]:
        made = number + 1, await self._make(newest)
        self._newest = made
        return made


class Source(Generic[T]):
    """How far one listener is with a state."""

    def __init__(self, state: State[T], tell: Callable[[T, int, int], Event]) -> None:
        self._state, self._tell = state, tell
        self._number = 0
        self._waiting: asyncio.Task[tuple[int, T]] | None = None

    def waiting(self) -> asyncio.Task[tuple[int, T]]:
        """A task that ends when there is something new."""
        self._waiting = self._waiting or asyncio.create_task(self._state.newer(self._number))
        return self._waiting

    async def take(self) -> Event:
        """What is new by now, which may be newer than what ended the wait."""
        await self.waiting()
        self._waiting = None
        before = self._number
        self._number, made = await self._state.newer(before)
        return self._tell(made, self._number, before)

    def close(self) -> None:
        """Wait no more."""
        if self._waiting is not None and not self._waiting.cancel() and not self._waiting.cancelled():
            self._waiting.exception()  # the other source's failure was told


class Live:
    """All that is listened to. `looking` lends a lane; `programs` gives those there are once they differ."""

    def __init__(
        self,
        looking: Callable[[], AbstractAsyncContextManager[Lane]],
        programs: Callable[[ProgramList | None], Awaitable[ProgramList]],
    ) -> None:
        self._looking = looking
        self._shots: dict[Frames, State[Shot]] = {}
        self._windows: State[WindowList] = State(self._list)
        self._programs: State[ProgramList] = State(programs)

    async def listen(self, request: Listen) -> AsyncGenerator[Event]:
        """As `wire.Guest.events`. Raises Refused: OFF_SCREEN, DISPLAY_LOST, OVERSIZED for too many wishes."""
        async with AsyncExitStack() as stack:
            sources: list[Source[Shot] | Source[WindowList] | Source[ProgramList]] = []
            if request.frames:
                sources.append(Source(await stack.enter_async_context(self._shown(request.frames)), _frame))
            if request.windows:
                await stack.enter_async_context(self._windows.listened())
                sources.append(Source(self._windows, lambda windows, *_: windows))
            if request.programs:
                await stack.enter_async_context(self._programs.listened())
                sources.append(Source(self._programs, lambda programs, *_: programs))
            for source in sources:
                stack.callback(source.close)
            while True:
                await asyncio.wait([source.waiting() for source in sources], return_when=asyncio.FIRST_COMPLETED)
                for source in sources:
                    if source.waiting().done():
                        yield await source.take()

    @asynccontextmanager
    async def _shown(self, frames: Frames) -> AsyncGenerator[State[Shot]]:
        """The state for this wish, for as long as somebody listens to it."""
        if frames not in self._shots and len(self._shots) == MAX_STATES:
            raise Refused(
                ErrorCode.OVERSIZED,
                f"{MAX_STATES} different wishes for live frames are listened to already: ask for one of those, "
                f"or stop listening to one",
            )
        state = self._shots.setdefault(frames, State(partial(self._shoot, frames)))
        try:
            async with state.listened():
                yield state
        finally:
            if not state.listeners:
                self._shots.pop(frames, None)

    async def _shoot(self, frames: Frames, last: Shot | None) -> Shot:
        async with self._looking() as lane:
            return await lane.run(_shoot, (frames, last))

    async def _list(self, last: WindowList | None) -> WindowList:
        async with self._looking() as lane:
            return await lane.run(windows.differing, last)


def _shoot(desk: Desk, wish: tuple[Frames, Shot | None]) -> Shot:
    """The next shot that differs from the last one, when its time has come."""
    frames, last = wish
    desk.refresh()
    picture = frames.picture
    region = desk.screen.region(picture.region)

    def look() -> Shot | None:
        at, time_ms = time.monotonic(), round(time.time() * 1000)  # noqa: TID251 - told to people
        frame = desk.grab(region)
        frame = drawn(frame, cursor(desk.x)) if picture.pointer else frame
        changed = effect(last.frame, frame, still=False, since=at).box if last else None
        if last and not changed:
            return None
        return Shot(frame, *encoded(frame, picture), changed, at, time_ms)

    if last:
        desk.rest(last.at + 1 / frames.fps - time.monotonic())
    shot = None
    while shot is None:
        shot = seen(desk, region, time.monotonic() + ROUND_S, look, pointer=picture.pointer)
    return shot


def _frame(shot: Shot, number: int, before: int) -> LiveFrame:
    """A shot for a listener that had the one with the number `before`, or none, which is 0."""
    skipped = number > before + 1
    changed = None if not before else shot.frame.region if skipped else shot.changed
    return LiveFrame(FrameInfo(sequence=number, time_ms=shot.time_ms, changed=changed, picture=shot.info), shot.picture)
