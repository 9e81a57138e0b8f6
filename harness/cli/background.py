"""Starting and ending the processes that keep desktops in the background, and giving them desktops that are there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any

from harness.errors import (
    EngineError,
    HarnessError,
    ImageMissing,
    SandboxError,
    SandboxLost,
    StartFailed,
    UsageError,
    WireMismatch,
)
from harness.sandbox import ownership
from harness.sandbox.engine import Engine, settled
from harness.sandbox.keeper import KEEP, Order
from harness.sandbox.registry import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.sandbox.life import Running
    from harness.sandbox.spec import SandboxSpec

_STOP_SECONDS = 30.0
_KILL_SECONDS = 5.0


def start(spec: SandboxSpec, seconds: float | None, on_step: Callable[[str], None]) -> Record:
    """A keeper of its own session that owns a new sandbox. Ctrl-C meanwhile leaves nothing; so does our own death."""
    keeper = _Keeper(Order(spec=spec, seconds=seconds))
    try:
        record = keeper.ready(on_step)
        keeper.keep()
    except BaseException:
        keeper.dismiss()
        raise
    return record


async def keep(running: Running, seconds: float | None = None) -> Record:
    """Hand this process's sandbox over to a keeper, for so many seconds or until `harness desktop stop`.

    Both hold its lock and renew its lease meanwhile, so it is never without an owner. Where this returns, the end of
    the block that opened it leaves it as it is. Where it raises, a cancellation too, the sandbox is this process's as
    before; but one that comes at the very end leaves it with the keeper.

    Raises SandboxLost where the sandbox has ended; StartFailed where there can be no keeper; UsageError where it was
    handed over already.
    """
    if not running.folder.ours:
        raise UsageError(f"sandbox {running.record.id} was handed over already: find it with `harness desktop ls`")
    lock = running.folder.lock
    keeper = _Keeper(Order(adopt=running.record.id, lock=lock, seconds=seconds), lock)
    reading = asyncio.ensure_future(asyncio.to_thread(keeper.ready, lambda _: None))
    try:
        record = await asyncio.shield(reading)
        running.hand_over()
        await settled(keeper.keep)
    except BaseException:
        if not keeper.keeps:
            running.take_over()
            await settled(keeper.dismiss)
            await asyncio.wait((reading,))
            reading.exception()  # looked at, so that nobody complains that it was not
        raise
    return record


async def stop(record: Record) -> None:
    """End the owner where it is a keeper, else the container alone; returns when it is gone."""
    root = ownership.runtime_root()
    if record.kept and ownership.alive(root, record.id):
        await asyncio.to_thread(_terminate, record.pid)
    engine = await Engine.open()
    try:
        await engine.remove(record.container)
    finally:
        await engine.aclose()
    ownership.forget(root, record.id)


class _Keeper:
    """A keeper's process, in a session of its own. Everything here blocks."""

    def __init__(self, order: Order, *handed_down: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.sandbox.keeper", order.model_dump_json(exclude_unset=True)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=handed_down,
        )
        self._other: list[str] = []
        self.keeps = False

    def ready(self, on_step: Callable[[str], None]) -> Record:
        """Wait until its sandbox answers. Raises the keeper's error."""
        for entry in self._entries():
            match entry:
                case {"step": str(step)}:
                    on_step(step)
                case {"ready": ready}:
                    return Record.model_validate(ready)
        raise self._silent()

    def keep(self) -> None:
        """Make it the owner; it goes on without us."""
        with contextlib.suppress(BrokenPipeError):  # it has ended, and has perhaps said why
            self._stdin.write(KEEP)
            self._stdin.flush()
        for entry in self._entries():
            if entry == {"kept": True}:
                self.keeps = True
                self._process.returncode = 0  # nobody is to wait for it
                self._close()
                return
        raise self._silent()

    def dismiss(self) -> None:
        """Leave it before it was made the owner; returns when it has ended."""
        self._close()
        self._process.wait()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: a pipe was asked for
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - the same
        return self._process.stdout

    def _entries(self) -> Iterator[object]:
        """What it tells, to the end. Raises its error."""
        for line in self._stdout:
            match entry := _entry(line):
                case {"error": {"kind": str(kind), "message": str(message), **more}}:
                    raise _error(kind, message, more)
                case None:
                    self._other.append(line.decode(errors="replace").rstrip())
                case _:
                    yield entry

    def _silent(self) -> StartFailed:
        return StartFailed("keeper", "the background process ended without a word", self._other)

    def _close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self._stdout.close()


def _entry(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _error(kind: str, message: str, more: Mapping[Any, Any]) -> HarnessError:
    """The keeper's error, as it was raised there."""
    if kind == StartFailed.__name__:
        return StartFailed(str(more.get("step")), str(more.get("reason")), more.get("log") or ())
    known = {one.__name__: one for one in (UsageError, EngineError, ImageMissing, SandboxLost, WireMismatch)}
    return known.get(kind, SandboxError)(message)


def _terminate(pid: int) -> None:
    """Ask a process to end and wait for it; killed where it does not."""
    with contextlib.suppress(ProcessLookupError):
        fd = os.pidfd_open(pid)
        try:
            for number, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
                signal.pidfd_send_signal(fd, number)
                if select.select([fd], [], [], seconds)[0]:
                    return
        finally:
            os.close(fd)
