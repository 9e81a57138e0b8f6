"""A process that owns one sandbox in the background: `harness desktop start` leaves it behind.

    python -m harness.sandbox.keeper '{"spec": {...}, "seconds": 7200}'
    python -m harness.sandbox.keeper '{"adopt": "0123456789ab", "lock": 7, "seconds": null}'

It starts a sandbox, or adopts the one of its starter, whose lock it inherits as the descriptor `lock`.

Standard output carries one JSON object a line to the starter: `{"step": …}`, then `{"ready": record}` or
`{"error": …}`. The starter answers `keep` on standard input, and `{"kept": true}` says that the keeper owns the sandbox
from now on. The end of its input before that means that the starter is gone or has thought better of it: a sandbox that
was started ends then, one that was to be adopted is left to the starter. Afterwards the keeper waits for SIGTERM, the
end of its time or the end of the container.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from harness.errors import HarnessError
from harness.sandbox.adopting import adopt_sandbox
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from harness.sandbox.life import Running

LOG = "keeper.log"
KEEP = b"keep\n"


class Order(BaseModel):
    """What a keeper is to keep, and for how many seconds: a sandbox to start, or one to adopt with its owner's lock."""

    spec: SandboxSpec | None = None
    adopt: str = ""
    lock: int | None = None
    seconds: float | None = None

    def opened(self) -> AbstractAsyncContextManager[Running]:
        """The sandbox."""
        if self.spec is None:
            return adopt_sandbox(self.adopt, kept=True, kept_for=self.seconds, lock=self.lock)
        return open_sandbox(self.spec, on_step=lambda step: _tell(step=step), kept=True, kept_for=self.seconds)


def main() -> int:
    """Keep the sandbox the first argument asks for; the exit code is 0 where it was meant to end."""
    try:
        return asyncio.run(_keep(Order.model_validate_json(sys.argv[1])))
    except HarnessError as error:
        _tell(error=error.describe())
        return 3


async def _keep(order: Order) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    answer = asyncio.create_task(_answer())
    work = asyncio.create_task(_own(order, stop, answer))
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


async def _own(order: Order, stop: asyncio.Event, answer: asyncio.Task[bytes]) -> int:
    async with order.opened() as running:
        _tell(ready=running.record.model_dump(mode="json"))
        if await answer != KEEP:
            return 0
        running.take_over()
        _tell(kept=True)
        _detach(running.folder.path)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(order.seconds):
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
