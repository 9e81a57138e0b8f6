"""Starting and ending the processes that keep desktops in the background."""

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
from harness.sandbox import keeper, ownership
from harness.sandbox.engine import Engine
from harness.sandbox.registry import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.sandbox.spec import SandboxSpec

_STOP_SECONDS = 30.0
_KILL_SECONDS = 5.0


def start(spec: SandboxSpec, seconds: float | None, on_step: Callable[[str], None]) -> Record:
    """A keeper of its own session that owns a new sandbox. Ctrl-C meanwhile leaves nothing; so does our own death."""
    order = json.dumps({"spec": spec.model_dump(mode="json", exclude_unset=True), "seconds": seconds})
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.sandbox.keeper", order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - for the type checker: pipes were asked for
    assert process.stdout is not None  # noqa: S101 - the same
    try:
        with process.stdout, process.stdin:  # the end of its input before `keep` tells the keeper to end
            record = _follow(process.stdout, on_step)
            process.stdin.write(keeper.KEEP)
    except BaseException:
        process.wait()
        raise
    process.returncode = 0  # it goes on without us: nobody is to wait for it
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


def _follow(lines: IO[bytes], on_step: Callable[[str], None]) -> Record:
    """Read what the keeper tells until its sandbox is ready. Raises the keeper's error."""
    other: list[str] = []
    for line in lines:
        match _entry(line):
            case {"step": str(step)}:
                on_step(step)
            case {"ready": ready}:
                return Record.model_validate(ready)
            case {"error": {"kind": str(kind), "message": str(message), **more}}:
                raise _error(kind, message, more)
            case _:
                other.append(line.decode(errors="replace").rstrip())
    raise StartFailed("keeper", "the background process ended without a word", other)


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
