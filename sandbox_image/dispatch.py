"""From a request to what happens on the desktop: actions in order, stillness, effect, picture.

Two kinds of lane: the hands, where one request that acts follows the other, and eyes, for requests that only look,
or wait for what they see; those wait for nobody. Mere pictures are taken one by one: several at a time are no faster,
and however many are asked for, the hands get their turn. Whatever a request pressed is released at its end, checked
against the X server's view.
Deadlines are the caller's: cancelling `perform` ends the work at once.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from sandbox_image import clipboard, keyboard, manager, pointer, waiting, windows
from sandbox_image.display import Damage
from sandbox_image.eyes import taken
from sandbox_image.lane import Desk, Lane, uninterrupted
from sandbox_image.live import Live
from sandbox_image.memory import Memory
from sandbox_image.ocr import Reader
from sandbox_image.screen import Frame, effect
from sandbox_image.settle import Settling, wait_until_still
from sandbox_image.wire import (
    Action,
    Answer,
    ClipboardAction,
    Effect,
    ErrorCode,
    Event,
    Exit,
    Failure,
    FileInfo,
    KeyboardAction,
    Listen,
    Output,
    Perform,
    PictureInfo,
    PointerAction,
    ProgramList,
    ReadFile,
    ReadFocus,
    ReadingAction,
    Refused,
    Region,
    Reply,
    Result,
    Settle,
    Shell,
    Size,
    WaitingAction,
    WindowAction,
    WorkerAction,
    WriteFile,
)

RELEASE_S = 5.0
"""How long an X server may take to release what is down before it is given up."""
NEWS_S = 0.5
"""How long the supervisor may take to tell that the X server ended."""
KEPT_EYES = 4
"""Lanes for looking that are kept for the next time."""


class Worker(Protocol):
    """What is done with the desktop user's rights, in another process."""

    async def do(self, action: WorkerAction) -> Result:
        """One action."""
        ...

    async def programs(self, before: ProgramList | None) -> ProgramList:
        """The programs, once they are others than before."""
        ...

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """Run a command."""
        ...

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """Yield a file or a folder."""
        ...

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write a file."""
        ...


class _Screen:
    """One X server while it is up: a lane for the hands, lanes for eyes as they are needed."""

    def __init__(self, display: str) -> None:
        self.ended = asyncio.Event()
        self._busy = asyncio.Lock()
        self._display = display
        self._hands = Lane(display)
        self._eyes: list[Lane] = []
        self._cleaning = asyncio.create_task(self._clean())

    async def _clean(self) -> None:
        """Release what a server before this one may have left down when it was killed."""
        async with self.acting() as lane:
            await _end(lane, succeeded=False)

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Lane]:
        async with self._busy:
            yield self._hands

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[Lane]:
        lane = self._eyes.pop() if self._eyes else Lane(self._display)
        try:
            yield lane
        finally:
            if len(self._eyes) < KEPT_EYES and not self.ended.is_set():
                self._eyes.append(lane)
            else:
                lane.close()

    def end(self) -> None:
        """Give it back; work on it ends with DISPLAY_LOST."""
        self.ended.set()
        self._cleaning.cancel()
        for lane in (self._hands, *self._eyes):
            lane.close()


class Dispatch:
    """The desktop as a `wire.Guest`. Requests wait until an X server was attached."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._screen: asyncio.Future[_Screen] = asyncio.Future()
        self._glance = asyncio.Lock()
        self._live = Live(self._looking, worker.programs)
        self._reader = Reader()
        self._memory = Memory()

    def attach(self, display: str) -> None:
        """An X server is up under this name; again after it was restarted."""
        self.detach()
        self._screen.set_result(_Screen(display))

    def detach(self) -> None:
        """The X server ended, or nobody needs it any more: requests wait for the next one."""
        if self._screen.done():
            self._screen.result().end()
            self._screen = asyncio.Future()

    async def ready(self, panel_s: float = manager.PANEL_S) -> Size:
        """The screen's size, once the window manager rules it and, if it is soon enough, the panel stands."""
        async with self._looking() as lane:
            return await lane.run(manager.ready, panel_s)

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, settle, take the picture. Never raises Refused: what went wrong is in the reply.

        Where the X server was gone before anything was done, the next one is waited for.
        """
        started = time.monotonic()
        if errands := request.errands:
            return await self._run(request, errands, started)
        glance = nullcontext() if request.actions or request.settle else self._glance
        while True:
            screen = await self._up()
            async with glance, screen.acting() if request.acts else screen.looking() as lane:
                work = _Work(request, lane, self._worker, self._reader)
                await work.run()
            self._memory.used()
            if not (work.came_too_late and await _comes(screen.ended)):
                return work.answer((time.monotonic() - started) * 1000)

    async def _up(self) -> _Screen:
        return await asyncio.shield(self._screen)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[Lane]:
        async with (await self._up()).looking() as lane:
            yield lane
        self._memory.used()

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """The worker's."""
        return self._worker.shell(request)

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """The worker's."""
        return self._worker.read_file(request)

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """The worker's."""
        return await self._worker.write_file(request, content)

    def events(self, request: Listen) -> AsyncGenerator[Event]:
        """What changes, as it does."""
        return self._live.listen(request)

    async def _run(self, request: Perform, errands: tuple[WorkerAction, ...], started: float) -> Answer:
        """Do what the worker does alone: without a screen, and not waiting for who acts on it."""
        results: list[Result] = []
        failure = None
        try:
            for errand in errands:
                results.append(await self._worker.do(errand))  # noqa: PERF401 - those before a failure are kept
        except Refused as refused:
            failure = refused.failure.model_copy(update={"action": len(results)})
        took_ms = (time.monotonic() - started) * 1000
        return Answer(Reply(id=request.id, results=tuple(results), failure=failure, took_ms=took_ms), b"")


@dataclass(slots=True)
class _Work:
    """One request on its way."""

    request: Perform
    lane: Lane
    worker: Worker
    reader: Reader
    results: list[Result] = field(default_factory=list)
    begun: bool = False
    failure: Failure | None = None
    effect: Effect | None = None
    picture: tuple[PictureInfo, bytes] | None = None

    async def run(self) -> None:
        try:
            if self.request.actions:
                before = await self.lane.run(_begin, self.request)
                self.begun = True
                await self._act()
                self.effect, self.picture = await self.lane.run(_look, (self.request, before))
            else:
                self.effect, self.picture = await self.lane.run(_glance, self.request)
        except Exception as error:  # noqa: BLE001 - a bug in here must reach the host as an answer
            self.failure = self.failure or _failure(error)

    async def _act(self) -> None:
        last = len(self.request.actions) - 1
        index, succeeded = 0, False
        try:
            for index, action in enumerate(self.request.actions):
                if index == last:
                    await self.lane.run(_forget, None)
                self.results.append(await self._do(action))
            succeeded = True
        except Exception as error:  # noqa: BLE001 - the same
            self.failure = _failure(error, index)
        finally:
            if self.request.acts:
                await uninterrupted(_end(self.lane, succeeded=succeeded))

    async def _do(self, action: Action) -> Result:
        """Each room does its own."""
        if isinstance(action, ReadFocus) and action.pid is None:
            action = ReadFocus(pid=await self.lane.run(lambda desk, _: desk.x.in_front(), None))
        if isinstance(action, WorkerAction):
            return await self.worker.do(action)
        if isinstance(action, ReadingAction):
            return await self.reader.read(await self.lane.run(_grab, action.region), action.languages)
        return await self.lane.run(_do, action)

    @property
    def came_too_late(self) -> bool:
        """Whether the X server was gone before anything was done."""
        return not self.begun and self.failure is not None and self.failure.code is ErrorCode.DISPLAY_LOST

    def answer(self, took_ms: float) -> Answer:
        info, data = self.picture or (None, b"")
        reply = Reply(
            id=self.request.id,
            results=tuple(self.results),
            failure=self.failure,
            effect=self.effect,
            picture=info,
            took_ms=took_ms,
        )
        return Answer(reply, data)


def _do(desk: Desk, action: PointerAction | KeyboardAction | ClipboardAction | WindowAction | WaitingAction) -> Result:
    """What is done at the desk, each by its own room."""
    if isinstance(action, PointerAction):
        return pointer.do(desk, action)
    if isinstance(action, KeyboardAction):
        return keyboard.do(desk, action)
    if isinstance(action, ClipboardAction):
        return clipboard.do(desk, action)
    if isinstance(action, WindowAction):
        return windows.do(desk, action)
    if isinstance(action, WaitingAction):
        return waiting.do(desk, action)
    assert_never(action)


async def _comes(news: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(NEWS_S):
            return await news.wait()
    return False


def _begin(desk: Desk, request: Perform) -> Frame | None:
    """Refuse a picture that cannot be before anything is done; start from released keys; see what is there."""
    desk.refresh()
    if request.picture is not None:
        desk.screen.region(request.picture.region)
    if request.acts:
        desk.rest(desk.next_input - time.monotonic())
        desk.held.begin(desk.x.keys_down(), desk.x.buttons_down())
        desk.release()
    if request.settle is None:
        return None
    desk.signs.begin()
    desk.x.watch_damage()
    return desk.grab()


def _forget(desk: Desk, _: None) -> None:
    """Damage before the last action is no answer to it."""
    desk.x.pump()
    desk.x.damaged.clear()


def _grab(desk: Desk, region: Region | None) -> Frame:
    return desk.grab(region)


async def _end(lane: Lane, *, succeeded: bool) -> None:
    """Release what a request pressed; what it put down on purpose stays down only where all of it succeeded."""
    with suppress(Refused):  # a display that is gone holds nothing down
        await lane.run(_release, succeeded, limit_s=RELEASE_S)


def _release(desk: Desk, succeeded: bool) -> None:  # noqa: FBT001 - work in a lane takes its argument by position
    if not succeeded:
        desk.held.give_up()
    desk.release()


def _glance(desk: Desk, request: Perform) -> tuple[Effect | None, tuple[PictureInfo, bytes] | None]:
    """Look where nothing is done: in one go."""
    return _look(desk, (request, _begin(desk, request)))


def _look(desk: Desk, wish: tuple[Perform, Frame | None]) -> tuple[Effect | None, tuple[PictureInfo, bytes] | None]:
    """Wait for stillness and take the picture; the effect is judged on the very frame that is shown."""
    request, before = wish
    if request.settle is None or before is None:
        return None, taken(desk, desk.grab(request.picture.region), request.picture) if request.picture else None
    since = time.monotonic()
    settled = _settle(desk, request.settle, since)
    frame = desk.grab()
    seen = effect(before, frame, still=settled.still, busy=settled.busy, since=since)
    return seen, taken(desk, frame, request.picture, seen) if request.picture else None


def _settle(desk: Desk, settle: Settle, since: float) -> Settling:
    settling = Settling(settle, since, desk.signs.usual, turned=desk.marks)

    def damage(until: float) -> list[Damage]:
        desk.pause(until)
        came = list(desk.x.damaged)
        desk.x.damaged.clear()
        return came

    try:
        wait_until_still(settling, damage, desk.signs.look, time.monotonic)
    finally:
        desk.x.forget_damage()
    desk.next_input, desk.marks = settling.next_input, settling.marks
    return settling


def _failure(error: Exception, action: int | None = None) -> Failure:
    if isinstance(error, Refused):
        return error.failure.model_copy(update={"action": action})
    traceback.print_exception(error, file=sys.stderr)
    return Failure(code=ErrorCode.INTERNAL, message=f"{type(error).__name__}: {error}", action=action)
