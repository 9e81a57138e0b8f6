"""Blocking X work off the event loop, ended at once when whoever awaits it is cancelled.

A lane is one thread with an X connection and a capture of its own. Work gets a `Desk`: the connection, the capture
and a `Stop` that every wait of it listens to. Cancelling raises `Stopped` inside the work; work that sits in a
round trip with an X server that does not answer has its connection cut.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from sandbox_image.clicks import Clicks
from sandbox_image.display import LOST, Connection, knock, translated
from sandbox_image.held import Held
from sandbox_image.screen import Frame, Screen
from sandbox_image.selections import Selections
from sandbox_image.settle import Box
from sandbox_image.signs import Signs
from sandbox_image.wire import ErrorCode, Refused, Region

T = TypeVar("T")
A = TypeVar("A")
PATIENCE_S = 1.0
"""How long cancelled work may take to end by itself before its X connection is cut."""
ASK_S = 0.0005
"""Between two looks at whether something came true in the X server."""


class Stopped(Exception):
    """The work was cancelled."""


class Stop:
    """A cancellation that waits can listen to, since it has a file descriptor."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def set(self) -> None:
        """Cancel; from any thread."""
        os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """Forget a cancellation, before new work."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._fd)

    def wait(self, until: float, *sources: int) -> bool:
        """Wait until a source is readable or the monotonic time has come; whether a source is. Raises Stopped."""
        left = max(0.0, until - time.monotonic())
        ready, _, _ = select.select([self._fd, *sources], [], [], left)
        if self._fd in ready:
            raise Stopped
        return bool(ready)

    def check(self) -> None:
        """Raise Stopped where the work was cancelled."""
        self.wait(0)


class Desk:
    """What the work of one lane has: a connection, a capture and a cancellation; opened when first used."""

    def __init__(self, display: str) -> None:
        self.display = display
        self.stop = Stop()
        self.held = Held()
        self.clicks = Clicks()
        self.next_input = 0.0
        """When programs may be expected to take an input, in monotonic seconds."""
        self.marks: tuple[Box, ...] = ()
        """Busy marks that turned at the end of the last wait."""
        self._connection: Connection | None = None
        self._screen: Screen | None = None
        self._selections: Selections | None = None
        self._signs: Signs | None = None

    @property
    def x(self) -> Connection:
        """The X connection; a new one where the last was lost. Raises Refused(DISPLAY_LOST)."""
        if self._connection is None or self._connection.lost:
            if self._connection is not None:
                self._connection.close()
            self._connection = Connection(self.display)
            self._signs = None
        return self._connection

    @property
    def signs(self) -> Signs:
        """What tells whether programs are at work."""
        connection = self.x
        if self._signs is None:
            self._signs = Signs(connection.server_pid())
        return self._signs

    @property
    def screen(self) -> Screen:
        """The capture; a new one where the last failed. Raises Refused(DISPLAY_LOST)."""
        if self._screen is None or self._screen.lost:
            if self._screen is not None:
                self._screen.close()
            knock(self.display)
            self._screen = Screen(self.display)
        return self._screen

    @property
    def selections(self) -> Selections:
        """What is owned of the clipboard; a new one where the last was lost. Raises Refused(DISPLAY_LOST)."""
        if self._selections is None or self._selections.lost:
            self._selections = Selections(self.display, self.stop.wait)
        return self._selections

    def refresh(self) -> None:
        """Notice what happened since the last request: a lost connection, another size of the screen."""
        with suppress(*LOST):
            self.x.pump()
        if self._screen is not None and self._screen.size != self.x.size():
            self._screen.close()

    def grab(self, region: Region | None = None) -> Frame:
        """What the screen shows; over a new connection where the last was lost. Raises Refused: OFF_SCREEN."""
        try:
            return self.screen.grab(region)
        except Refused:
            if self._screen is None or not self._screen.lost:
                raise
            return self.screen.grab(region)

    def pause(self, until: float) -> None:
        """Wait for an X event or the time, and take in the events that came. Raises Stopped."""
        if not self.x.pump():
            self.stop.wait(until, self.x.fileno())
            self.x.pump()

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, whatever else happens on the screen. Raises Stopped."""
        until = time.monotonic() + seconds
        self.x.x.flush()
        while time.monotonic() < until:
            self.pause(until)

    def comes_true(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Ask the X server until it is so, for a bounded time; whether it came to be. Raises Stopped."""
        until = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > until:
                return False
            self.pause(time.monotonic() + ASK_S)
        return True

    def release(self) -> None:
        """Release every key and button that is down and not held on purpose."""
        self.x.release(self.held.keys, self.held.buttons)

    def cut(self) -> None:
        """Cut all connections, from any thread: a round trip that waits on one ends with an error."""
        for end in (self._connection, self._screen, self._selections):
            if end is not None:
                end.cut()

    def close(self) -> None:
        """Give everything back."""
        if self._connection is not None:
            self._connection.close()
        if self._screen is not None:
            self._screen.close()
        if self._selections is not None:
            self._selections.cut()


class Lane:
    """One thread and its desk. Work in it runs one piece after another."""

    def __init__(self, display: str) -> None:
        self.desk = Desk(display)
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lane")

    async def run(self, work: Callable[[Desk, A], T], argument: A, *, limit_s: float | None = None) -> T:
        """Do blocking work in the lane's thread. Raises Refused(DISPLAY_LOST) where the X server goes away.

        Cancelling ends the work before the cancellation is passed on; passing the limit ends it with DISPLAY_LOST.
        """
        if self._closed:
            raise Refused(ErrorCode.DISPLAY_LOST, "the X server ended meanwhile, and all programs on it; try again")
        self.desk.stop.clear()
        future = asyncio.get_running_loop().run_in_executor(self._thread, _guarded, work, self.desk, argument)
        try:
            done, _ = await asyncio.wait([future], timeout=limit_s)
        except asyncio.CancelledError:
            await uninterrupted(self._end(future))
            raise
        if not done:
            await uninterrupted(self._end(future))
            raise Refused(ErrorCode.DISPLAY_LOST, f"the X server did not answer within {limit_s:g} s; try again")
        return future.result()

    async def _end(self, future: asyncio.Future[T]) -> None:
        self.desk.stop.set()
        _, running = await asyncio.wait([future], timeout=PATIENCE_S)
        if running:
            self.desk.cut()
            await asyncio.wait([future])
        future.exception()  # it was given up: how it ended interests nobody

    def close(self) -> None:
        """End the work in it, the thread and the connection."""
        self._closed = True
        self.desk.cut()
        self._thread.submit(self.desk.close)
        self._thread.shutdown(wait=False)


async def uninterrupted(work: Awaitable[T]) -> T:
    """Wait for work to its end even where this task is cancelled meanwhile; the cancellation is passed on after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


def _guarded(work: Callable[[Desk, A], T], desk: Desk, argument: A) -> T:
    with translated():
        return work(desk, argument)
