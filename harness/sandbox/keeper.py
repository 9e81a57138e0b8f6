"""A process that owns one sandbox in the background: `harness desktop start` leaves it behind.

    python -m harness.sandbox.keeper '{"spec": {...}, "seconds": 7200}'

Standard output carries one JSON object a line to the starter: `{"step": …}`, then `{"ready": record}` or
`{"error": …}`. The starter answers `keep` on standard input; its end before that means that the starter is gone, and
so is the sandbox then. Afterwards the keeper waits for SIGTERM, the end of its time or the end of the container.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.life import Running

LOG = "keeper.log"
KEEP = b"keep\n"


def main() -> int:
    """Keep the sandbox the first argument asks for; the exit code is 0 where it was meant to end."""
    order = json.loads(sys.argv[1])
    try:
        return asyncio.run(_keep(SandboxSpec.model_validate(order["spec"]), order["seconds"]))
    except HarnessError as error:
        _tell(error=error.describe())
        return 3


async def _keep(spec: SandboxSpec, seconds: float | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    answer = asyncio.create_task(_answer())
    work = asyncio.create_task(_own(spec, seconds, stop, answer))
    gone = asyncio.create_task(_gone(stop, answer))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        work.cancel()  # nothing where it has ended
        with contextlib.suppress(asyncio.CancelledError):
            return await work
        return 0
    finally:
        gone.cancel()
        answer.cancel()


async def _gone(stop: asyncio.Event, answer: asyncio.Task[bytes]) -> None:
    """Until somebody says stop, or the starter is gone without having said keep."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((stopped, answer), return_when=asyncio.FIRST_COMPLETED)
    if not stopped.done() and answer.result() == KEEP:
        await stopped
    stopped.cancel()


async def _own(spec: SandboxSpec, seconds: float | None, stop: asyncio.Event, answer: asyncio.Task[bytes]) -> int:
    async with open_sandbox(spec, on_step=lambda step: _tell(step=step), kept_for=seconds, kept=True) as running:
        _tell(ready=running.record.model_dump(mode="json"))
        await answer
        _detach(running.folder.path)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _first(stop, running)
    return 0


async def _first(stop: asyncio.Event, running: Running) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (stop, running.lost)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _answer() -> bytes:
    """The starter's line; empty where it went away."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        return await reader.readline()
    finally:
        transport.close()


def _detach(folder: Path) -> None:
    """From here on nobody reads: what is printed goes to the sandbox's folder."""
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for fd in (1, 2):
        os.dup2(log, fd)
    os.close(log)


def _tell(**entry: Any) -> None:
    with contextlib.suppress(OSError):  # the starter is gone: the end of its input says so too
        print(json.dumps(entry), flush=True)  # noqa: T201 - this is how it speaks


if __name__ == "__main__":
    sys.exit(main())
