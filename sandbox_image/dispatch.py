"""From a request to what happens on the desktop: actions in order, stillness, effect, picture.

Two kinds of lane: the hands, where one request with actions follows the other, and eyes, for requests that only
look; those wait for nobody. Whatever a request pressed is released at its end, checked against the X server's view.
Deadlines are the caller's: cancelling `perform` ends the work at once.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from sandbox_image import keyboard, pointer, windows
from sandbox_image.display import Damage, automation
from sandbox_image.lane import Desk, Lane, uninterrupted
from sandbox_image.ocr import Reader
from sandbox_image.screen import Frame, cropped, effect, encoded
from sandbox_image.settle import Settling, wait_until_still
from sandbox_image.wire import (
    Action,
    Answer,
    Effect,
    ErrorCode,
    Exit,
    Failure,
    FileAction,
    FileInfo,
    KeyboardAction,
    Output,
    Perform,
    Picture,
    PictureInfo,
    PointerAction,
    ReadFile,
    ReadingAction,
    Refused,
    Region,
    Reply,
    Result,
    Settle,
    Shell,
    ShellAction,
    Size,
    WindowAction,
    WorkerAction,
    WriteFile,
)

PANEL_S = 3.0
"""How long readiness waits for the panel once the window manager is there; a session may have none."""
RELEASE_S = 5.0
"""How long an X server may take to release what is down before it is given up."""
KEPT_EYES = 4
"""Lanes for looking that are kept for the next time."""


class Worker(Protocol):
    """What is done with the desktop user's rights, in another process."""

    async def do(self, action: WorkerAction) -> Result:
        """One action."""
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


class Dispatch:
    """The desktop as a `wire.Guest`. Requests wait until an X server was attached."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._display = ""
        self._attached = asyncio.Event()
        self._hands: Lane | None = None
        self._eyes: list[Lane] = []
        self._busy = asyncio.Lock()
        self._reader = Reader()

    def attach(self, display: str) -> None:
        """An X server is up under this name; again after it was restarted. Work on the old one ends DISPLAY_LOST."""
        for lane in (*self._eyes, *([self._hands] if self._hands else [])):
            lane.close()
        self._display, self._hands, self._eyes = display, Lane(display), []
        self._attached.set()

    async def ready(self, panel_s: float = PANEL_S) -> Size:
        """The screen's size, once the window manager rules it and, if it is soon enough, the panel stands."""
        await self._attached.wait()
        async with self._looking() as lane:
            return await lane.run(_ready, panel_s)

    def close(self) -> None:
        """Give the X server back."""
        for lane in (*self._eyes, *([self._hands] if self._hands else [])):
            lane.close()
        self._hands, self._eyes = None, []
        self._attached.clear()

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, settle, take the picture. Never raises Refused: what went wrong is in the reply."""
        started = time.monotonic()
        if errands := _errands(request):
            return await self._run(request, errands, started)
        await self._attached.wait()
        async with self._acting() if request.actions else self._looking() as lane:
            work = _Work(request, lane, self._worker, self._reader)
            await work.run()
        return work.answer((time.monotonic() - started) * 1000)

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """The worker's."""
        return self._worker.shell(request)

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """The worker's."""
        return self._worker.read_file(request)

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """The worker's."""
        return await self._worker.write_file(request, content)

    async def _run(self, request: Perform, errands: tuple[FileAction | ShellAction, ...], started: float) -> Answer:
        """Do what has to do with files and shells alone: without a screen, and not waiting for who acts on it."""
        results: list[Result] = []
        failure = None
        try:
            for errand in errands:
                results.append(await self._worker.do(errand))  # noqa: PERF401 - those before a failure are kept
        except Refused as refused:
            failure = refused.failure.model_copy(update={"action": len(results)})
        took_ms = (time.monotonic() - started) * 1000
        return Answer(Reply(id=request.id, results=tuple(results), failure=failure, took_ms=took_ms), b"")

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[Lane]:
        async with self._busy:
            yield self._hands or Lane(self._display)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[Lane]:
        eyes = self._eyes
        lane = eyes.pop() if eyes else Lane(self._display)
        try:
            yield lane
        finally:
            if eyes is self._eyes and len(eyes) < KEPT_EYES:
                eyes.append(lane)
            else:
                lane.close()


@dataclass(slots=True)
class _Work:
    """One request on its way."""

    request: Perform
    lane: Lane
    worker: Worker
    reader: Reader
    results: list[Result] = field(default_factory=list)
    failure: Failure | None = None
    effect: Effect | None = None
    picture: tuple[PictureInfo, bytes] | None = None

    async def run(self) -> None:
        try:
            before = await self.lane.run(_begin, self.request)
            if self.request.actions:
                await self._act()
            self.effect, self.picture = await self.lane.run(_look, (self.request, before))
        except Exception as error:  # noqa: BLE001 - a bug in here must reach the host as an answer
            self.failure = self.failure or _failure(error)

    async def _act(self) -> None:
        last = len(self.request.actions) - 1
        index = 0
        try:
            for index, action in enumerate(self.request.actions):
                if index == last:
                    await self.lane.run(_forget, None)
                self.results.append(await self._do(action))
        except Exception as error:  # noqa: BLE001 - the same
            self.failure = _failure(error, index)
        finally:
            await uninterrupted(self._release())

    async def _release(self) -> None:
        with suppress(Refused):  # a display that is gone holds nothing down
            await self.lane.run(_release, None, limit_s=RELEASE_S)

    async def _do(self, action: Action) -> Result:
        """Each room does its own."""
        lane = self.lane
        if isinstance(action, PointerAction):
            return await lane.run(pointer.do, action)
        if isinstance(action, KeyboardAction):
            return await lane.run(keyboard.do, action)
        if isinstance(action, WindowAction):
            return await lane.run(windows.do, action)
        if isinstance(action, ReadingAction):
            return await self.reader.read(await lane.run(_grab, action.region))
        if isinstance(action, WorkerAction):
            return await self.worker.do(action)
        assert_never(action)

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


def _errands(request: Perform) -> tuple[FileAction | ShellAction, ...]:
    """The actions of a request that has to do with files and shells alone; none of another one."""
    errands = tuple(action for action in request.actions if isinstance(action, FileAction | ShellAction))
    alone = len(errands) == len(request.actions) and not (request.settle or request.picture)
    return errands if alone else ()


def _begin(desk: Desk, request: Perform) -> Frame | None:
    """Refuse a picture that cannot be before anything is done; start from released keys; see what is there."""
    desk.refresh()
    if request.picture is not None:
        desk.screen.region(request.picture.region)
    if request.actions:
        desk.x.release()
    if request.settle is None:
        return None
    desk.x.watch_damage()
    return desk.grab()


def _forget(desk: Desk, _: None) -> None:
    """Damage before the last action is no answer to it."""
    desk.x.pump()
    desk.x.damaged.clear()


def _grab(desk: Desk, region: Region | None) -> Frame:
    return desk.grab(region)


def _release(desk: Desk, _: None) -> None:
    desk.x.release()


def _look(desk: Desk, wish: tuple[Perform, Frame | None]) -> tuple[Effect | None, tuple[PictureInfo, bytes] | None]:
    """Wait for stillness and take the picture; the effect is judged on the very frame that is shown."""
    request, before = wish
    if request.settle is None or before is None:
        return None, _taken(desk.grab(request.picture.region), request.picture) if request.picture else None
    since = time.monotonic()
    still = _settle(desk, request.settle, since)
    frame = desk.grab()
    seen = effect(before, frame, still=still, since=since)
    return seen, _taken(frame, request.picture) if request.picture else None


def _taken(frame: Frame, picture: Picture) -> tuple[PictureInfo, bytes]:
    return encoded(cropped(frame, picture.region or frame.region), picture)


def _settle(desk: Desk, settle: Settle, since: float) -> bool:
    settling = Settling(settle, since)

    def damage(until: float) -> list[Damage]:
        desk.pause(until)
        came = list(desk.x.damaged)
        desk.x.damaged.clear()
        return came

    try:
        wait_until_still(settling, damage, time.monotonic)
    finally:
        desk.x.forget_damage()
    return settling.still


def _ready(desk: Desk, panel_s: float) -> Size:
    desk.x.listen(desk.x.root)
    automation(desk.x)  # its import is done while the session starts
    while not desk.x.manager_there():
        desk.pause(time.monotonic() + windows.ASK_S)
    windows.attended(desk)
    until = time.monotonic() + panel_s
    while not desk.x.panel_ready() and time.monotonic() < until:
        desk.pause(until)
    desk.x.release()
    return desk.x.size()


def _failure(error: Exception, action: int | None = None) -> Failure:
    if isinstance(error, Refused):
        return error.failure.model_copy(update={"action": action})
    traceback.print_exception(error, file=sys.stderr)
    return Failure(code=ErrorCode.INTERNAL, message=f"{type(error).__name__}: {error}", action=action)
