"""One sandbox from start to end: what is made here is gone when the block is left, however it is left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.errors import EngineError, HarnessError, SandboxLost, StartFailed, WireMismatch
from harness.sandbox import image, limits, ownership
from harness.sandbox.client import Client
from harness.sandbox.desktop import Desktop
from harness.sandbox.engine import Engine
from harness.sandbox.journal import Journal
from harness.sandbox.registry import Record
from harness.sandbox.sweeping import sweep
from harness.sandbox.termination import orderly_termination
from harness.sandbox.tunnel import Demux, open_tunnel
from harness.sandbox.watched import Watched
from sandbox_image.fingerprint import wire_fingerprint

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from harness.sandbox.spec import SandboxSpec
    from sandbox_image.wire import Health

SERVER = "/run/control/server.sock"
RELAY_USER = "control"
# Asked for while the supervisor still starts, it waits up to 2 s for the socket. The engine tells that the server's end
# of a connection closed only once the relay ends, which is so many seconds (-t) later.
RELAY = ("socat", "-t", "1", "STDIO", f"UNIX-CONNECT:{SERVER},retry=200,interval=0.01")
_OBITUARY_SECONDS = 2.0
_RETRY_SECONDS = 0.2
_CHUNK = 1 << 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """A sandbox that answers."""

    record: Record
    desktop: Desktop
    folder: Path  # its own, on the host; gone with it
    lost: asyncio.Event  # set when the container ended


@asynccontextmanager
async def open_sandbox(
    spec: SandboxSpec,
    *,
    on_step: Callable[[str], None] | None = None,
    kept: bool = False,
    kept_for: float | None = None,
) -> AsyncIterator[Running]:
    """Start a sandbox and keep its lease; removed when the block is left. `on_step` hears of each step of the start.

    `kept` and `kept_for` (seconds) are written down for others to read: this process exists to keep the sandbox.

    Raises ImageMissing or EngineError where there is nothing to start with, StartFailed naming the step where
    starting failed: then nothing is left of it.
    """
    with orderly_termination():
        async with AsyncExitStack() as stack:
            life = _Life(spec, stack, Journal(on_step))
            try:
                async with asyncio.timeout(spec.start_timeout):
                    running = await life.start()
            except TimeoutError:
                raise life.failed(f"not done within {spec.start_timeout:g} s (start_timeout)") from None
            life.keep()
            ends = None if kept_for is None else time.time() + kept_for  # noqa: TID251 - told to people
            record = running.record.model_copy(update={"kept": kept, "ends": ends})
            record.write(running.folder)
            yield replace(running, record=record)


class _Life:
    """The steps of starting one sandbox; each leaves on the stack what undoes it."""

    def __init__(self, spec: SandboxSpec, stack: AsyncExitStack, journal: Journal) -> None:
        self._spec = spec
        self._stack = stack
        self._journal = journal
        self._step = "engine"
        self._root = ownership.runtime_root()
        self._folder = stack.enter_context(ownership.Folder.create(self._root))
        self._since = time.monotonic()
        self._engine: Engine
        self._client: Client
        self._container = f"harness-{self._folder.id}"
        self._started = asyncio.Event()

    async def start(self) -> Running:
        """Everything up to the first answer."""
        self._engine = await Engine.open()
        self._stack.push_async_callback(self._engine.aclose)
        self._step = "image"
        name = await self._image()
        self._step = "container"
        path = await self._stack.enter_async_context(open_tunnel(self._folder.path / "server.sock", self._dial))
        self._client = Client(path)
        self._stack.push_async_callback(self._client.aclose)
        asking = asyncio.create_task(self._ask())  # all that can be done before the container runs is done meanwhile
        self._stack.push_async_callback(_cancelled, asking)
        await self._create(name)
        self._started.set()
        self._step = "supervisor"
        health = await self._first_answer(asking)
        desktop = Desktop(Watched(self._client, self._explain), health.screen)
        record = Record(
            id=self._folder.id,
            container=self._container,
            image=name,
            screen=health.screen,
            socket=path,
            pid=os.getpid(),
            created=time.time(),  # noqa: TID251 - told to people
        )
        return Running(record, desktop, self._folder.path, self._journal.ended)

    def keep(self) -> None:
        """Renew the lease from now on, and sweep what dead owners left."""
        for work in (self._renew(), self._sweep()):
            task = asyncio.create_task(work)
            self._stack.push_async_callback(_cancelled, task)

    async def _image(self) -> str:
        return (await self._engine.run(lambda client: image.usable(client, self._spec.image, self._spec.apps))).name

    async def _create(self, name: str) -> None:
        labels = ownership.owner_labels(self._root, self._folder.id, self._spec.lease)
        self._note()
        settings = limits.settings(self._spec, name, labels)
        self._stack.push_async_callback(self._remove)
        try:
            await self._engine.create(self._container, settings)
            printed, early = await self._engine.attach(self._container)
            reader = asyncio.create_task(_read_journal(printed, early, self._journal))
            self._stack.push_async_callback(_cancelled, reader)
            await self._engine.start(self._container)
        except EngineError as error:
            raise self.failed(str(error)) from error

    async def _remove(self) -> None:
        try:
            await self._engine.remove(self._container)
        except EngineError as error:  # its lease ends it; an error on the way out must not hide another
            _log.warning("%s: %s", self._container, error)

    async def _dial(self) -> tuple[socket.socket, bytes]:
        await self._started.wait()
        if self._journal.ended.is_set():
            raise ConnectionRefusedError("the container has ended")
        try:
            return await self._engine.dial(self._container, RELAY, RELAY_USER)
        except EngineError as error:
            raise ConnectionRefusedError(str(error)) from error

    # --- the first answer -----------------------------------------------------------------------------------------

    async def _first_answer(self, asking: asyncio.Task[Health]) -> Health:
        ended = asyncio.create_task(self._journal.ended.wait())
        try:
            await asyncio.wait((asking, ended), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise self.failed(await self._why())
            health = asking.result()
        finally:
            await _cancelled(ended)
        if health.wire != wire_fingerprint():
            raise WireMismatch(f"the sandbox speaks another version of the wire: run `{image.BUILD_COMMAND}`")
        return health

    async def _ask(self) -> Health:
        while True:
            try:
                return await self._client.health()
            except SandboxLost:  # the server ended and will be back, or the container ended and the journal knows
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_SECONDS):
                        await self._journal.news()

    def failed(self, reason: str) -> StartFailed:
        """The error for a start that got as far as this."""
        if self._journal.problem:
            return StartFailed(*self._journal.problem, self._journal.tail)
        reached = f"after {self._journal.steps[-1]!r}" if self._journal.steps else self._step
        return StartFailed(reached, reason, self._journal.tail)

    # --- afterwards -----------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        while not self._journal.ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._spec.lease / 3):
                    await self._journal.ended.wait()
                    return
            try:
                self._note()
                await self._client.renew(self._spec.lease)
            except (HarnessError, OSError) as error:  # two more tries before the lease is over
                _log.warning("%s: the lease could not be renewed: %s", self._container, error)

    def _note(self) -> None:
        try:
            self._folder.renewed(self._spec.lease)
        except OSError as error:  # no reason to let the lease lapse
            _log.warning("%s: the renewal could not be written down: %s", self._container, error)

    async def _sweep(self) -> None:
        try:
            await sweep(self._engine, self._root)
        except HarnessError as error:  # the next start tries again
            _log.warning("sweeping failed: %s", error)

    async def _explain(self, error: SandboxLost) -> SandboxLost:
        """What became of a sandbox that does not answer any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OBITUARY_SECONDS):
                await self._journal.ended.wait()
        why = await self._why() if self._journal.ended.is_set() else str(error)
        tail = "".join(f"\n  | {line}" for line in self._journal.tail)
        return SandboxLost(f"the sandbox {self._folder.id} is lost: {why}{tail and f'{chr(10)}last log lines:{tail}'}")

    async def _why(self) -> str:
        told = await self._engine.ending(self._container, time.monotonic() - self._since)
        if told and "memory" in told:
            return told
        if self._journal.problem:
            return ": ".join(self._journal.problem)
        return self._journal.reason or told or "its container is gone"


async def _read_journal(printed: socket.socket, early: bytes, journal: Journal) -> None:
    """Follow what the container prints until it ends."""
    reader, writer = await asyncio.open_connection(sock=printed)
    demux = Demux()
    try:
        data = early or await reader.read(_CHUNK)
        while data:
            for _, piece in demux.feed(data):
                journal.feed(piece)
            data = await reader.read(_CHUNK)
    except OSError as error:  # the engine went away: as good as an end
        _log.warning("the engine's stream broke: %s", error)
    finally:
        journal.end()
        writer.transport.abort()
        await _quiet_close(writer)


async def _quiet_close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _cancelled(task: asyncio.Task[object]) -> None:
    """Cancel a task and wait until it has ended, whatever with."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains that it was not
