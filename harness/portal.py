"""One event loop in a thread, for code that blocks: calls, streams and context managers pass through it.

All blocking users of a process share one portal, which is there while one of them is. Whoever waits may be
interrupted, as by Ctrl-C: the work is cancelled then, and has ended before the interruption goes on.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager, nullcontext
from typing import Any, Generic, TypeVar

from harness.errors import SandboxLost, UsageError

T = TypeVar("T")
R = TypeVar("R")
_END: Any = object()
_CLOSED = "this desktop is closed: the block that opened it was left"
_lock = threading.Lock()
_portals: dict[int, Portal] = {}  # by process: a forked child finds its parent's here, and makes one of its own


@contextmanager
def shared() -> Iterator[Portal]:
    """The portal of this process; it ends with the last block that has it."""
    with _lock:
        portal = _portals.get(os.getpid()) or _portals.setdefault(os.getpid(), Portal())
        portal.users += 1
    try:
        yield portal
    finally:
        with _lock:
            portal.users -= 1
            if last := not portal.users:
                del _portals[portal.pid]
        if last:
            portal.close()


class Portal:
    """An event loop in a thread of its own; all methods are for other threads."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.users = 0
        self._open = threading.Lock()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop: asyncio.AbstractEventLoop | None = self._runner.get_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="harness", daemon=True)
        self._thread.start()

    @property
    def gone(self) -> bool:
        """Whether the thread is not there: in a child of its process, and while Python itself ends."""
        return os.getpid() != self.pid or sys.is_finalizing()

    def check(self) -> None:
        """Raise where nothing can be waited for: UsageError, or SandboxLost once the portal is closed."""
        if self.gone:
            raise UsageError(f"this desktop belongs to process {self.pid}, which forked this one: start another here")
        if _in_a_loop():
            raise UsageError(
                "blocking code was called inside a running event loop, which would stand still meanwhile: "
                "there use `async with harness.sandbox()`, and await its methods"
            )
        if self._loop is None:
            raise SandboxLost(_CLOSED)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """What a coroutine returns or raises."""
        job = _Job(self, work)
        return job.outcome(job.done)

    def iterate(self, stream: AsyncIterator[T]) -> Iterator[T]:
        """The items of a stream; it is closed with the iterator."""

        async def following() -> T:
            return await anext(stream, _END)

        with self.entered(aclosing(stream) if isinstance(stream, AsyncGenerator) else nullcontext()):
            while (item := self.call(following())) is not _END:
                yield item

    @contextmanager
    def entered(self, manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """What a context manager yields; one task enters and leaves it. It sees an interruption as a cancellation."""
        inside: Future[T] = Future()
        left: Future[None] = Future()

        async def live() -> None:
            async with manager as value:
                inside.set_result(value)
                await asyncio.wrap_future(left)

        job = _Job(self, live())
        job.done.add_done_callback(lambda done: None if inside.done() else inside.set_exception(done.exception()))
        try:
            yield job.outcome(inside)
        except Exception as error:  # noqa: BLE001 - comes back from the manager, unless that swallows it
            left.set_exception(error)
            job.outcome(job.done)
        except BaseException:
            job.cancel()
            raise
        else:
            left.set_result(None)
            job.outcome(job.done)

    def post(self, call: Callable[[], object]) -> None:
        """Have something called in the loop."""
        with self._open:
            if self._loop is None:
                raise SandboxLost(_CLOSED)
            self._loop.call_soon_threadsafe(call)

    def close(self) -> None:
        """End the thread, and what still runs there."""
        if not self.gone:
            self.post(self._over.set)
            with self._open:
                self._loop = None
            self._thread.join()

    def _run(self) -> None:
        with self._runner:  # at its end it cancels what is left
            self._runner.run(self._over.wait())


class _Job(Generic[T]):
    """A task of the loop, and how the other threads wait for it. It begins with the first wait."""

    def __init__(self, portal: Portal, work: Coroutine[Any, Any, T]) -> None:
        self.done: Future[T] = Future()
        self._portal = portal
        self._work = work
        self._begun = False
        self._task: asyncio.Task[T] | None = None
        try:
            portal.check()
        except BaseException:
            work.close()
            raise

    def outcome(self, of: Future[R]) -> R:
        """The result of something that the job brings about. An interruption ends the job first."""
        self._portal.check()
        try:
            if not self._begun:
                self._begun = True
                self._portal.post(self._start)
            return of.result()
        except BaseException:
            if not self.done.done():
                self.cancel()
            raise

    def cancel(self) -> None:
        """End the job and wait until it has ended; a second interruption does not wait."""
        if not self._portal.gone:
            self._portal.post(self._stop)
            wait([self.done])

    def _start(self) -> None:
        self._task = asyncio.create_task(self._work)
        self._task.add_done_callback(self._ended)

    def _stop(self) -> None:
        if self._task:
            self._task.cancel()
        elif not self.done.done():  # interrupted before it began
            self._work.close()
            self.done.set_exception(SandboxLost(_CLOSED))

    def _ended(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.done.set_exception(SandboxLost(_CLOSED))
        elif error := task.exception():
            self.done.set_exception(error)
        else:
            self.done.set_result(task.result())


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
