"""A sandbox while this process has it: the way in, the lease, and what became of it.

How it came by it, by starting or by adopting it, is for others to know. Every step leaves on a stack what undoes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from harness.errors import EngineError, HarnessError, SandboxLost, WireMismatch
from harness.sandbox.client import Client
from harness.sandbox.desktop import Desktop
from harness.sandbox.registry import Record
from harness.sandbox.sweeping import sweep
from harness.sandbox.tunnel import Demux, open_tunnel
from harness.sandbox.watched import Watched
from sandbox_image.fingerprint import wire_fingerprint

if TYPE_CHECKING:
    import socket
    from contextlib import AsyncExitStack
    from pathlib import Path

    from harness.sandbox.engine import Engine
    from harness.sandbox.journal import Journal
    from harness.sandbox.ownership import Folder
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
    folder: Folder  # its own, on the host
    lost: asyncio.Event  # set when the container ended

    def take_over(self) -> None:
        """From now on this process owns it: that is written down, and all of it goes with the block."""
        self.record.write(self.folder.path)
        self.folder.ours = True

    def hand_over(self) -> None:
        """From now on somebody else owns it who holds the lock: the end of the block leaves it as it is."""
        self.folder.ours = False


class Life:
    """One sandbox, from before its first answer. `born` is when its container was made, in monotonic seconds."""

    def __init__(
        self, engine: Engine, folder: Folder, lease: float, stack: AsyncExitStack, *, journal: Journal, born: float
    ) -> None:
        self.container = f"harness-{folder.id}"
        self._engine = engine
        self._folder = folder
        self._lease = lease
        self._stack = stack
        self._journal = journal
        self._born = born
        self._runs = asyncio.Event()
        self._path: Path
        self._client: Client
        self._asking: asyncio.Task[Health]

    async def connect(self) -> None:
        """Open the way in. It is used once the container runs; all that can be done before that is done meanwhile."""
        path = self._folder.path / f"server-{token_hex(4)}.sock"  # who hands it over has one of its own
        self._path = await self._stack.enter_async_context(open_tunnel(path, self._dial))
        self._client = Client(self._path)
        self._stack.push_async_callback(self._client.aclose)
        self._asking = asyncio.create_task(self._ask())
        self._stack.push_async_callback(_cancelled, self._asking)
        self._stack.push_async_callback(self._remove)

    async def follow(self) -> None:
        """Listen to what the container prints from now on. Raises EngineError."""
        printed, early = await self._engine.attach(self.container)
        reader = asyncio.create_task(_read_journal(printed, early, self._journal))
        self._stack.push_async_callback(_cancelled, reader)

    async def answer(self, advice: str) -> Health:
        """Wait for the first answer of a container that runs.

        Raises SandboxLost where it ended before; WireMismatch with this advice where it speaks another wire.
        """
        self._runs.set()
        ended = asyncio.create_task(self._journal.ended.wait())
        try:
            await asyncio.wait((self._asking, ended), return_when=asyncio.FIRST_COMPLETED)
            if not self._asking.done():
                raise SandboxLost(await self._why())
            health = self._asking.result()
        finally:
            await _cancelled(ended)
        if health.wire != wire_fingerprint():
            raise WireMismatch(f"the sandbox speaks another version of the wire: {advice}")
        return health

    def running(self, health: Health, *, image: str, created: float, kept: bool, kept_for: float | None) -> Running:
        """What its owner has; `created` in seconds since the epoch, for people."""
        record = Record(
            id=self._folder.id,
            container=self.container,
            image=image,
            screen=health.screen,
            socket=self._path,
            pid=os.getpid(),
            kept=kept,
            created=created,
            ends=None if kept_for is None else time.time() + kept_for,  # noqa: TID251 - told to people
        )
        desktop = Desktop(Watched(self._client, self._explain), health.screen)
        return Running(record, desktop, self._folder, self._journal.ended)

    def keep(self) -> None:
        """Renew the lease from now on, and sweep what dead owners left."""
        for work in (self._renew(), self._sweep()):
            task = asyncio.create_task(work)
            self._stack.push_async_callback(_cancelled, task)

    async def renew(self) -> None:
        """Begin the lease anew."""
        self.note()
        await self._client.renew(self._lease)

    def note(self) -> None:
        """Write down that the lease begins anew."""
        try:
            self._folder.renewed(self._lease)
        except OSError as error:  # no reason to let it lapse
            _log.warning("%s: the renewal could not be written down: %s", self.container, error)

    # --- the way in -----------------------------------------------------------------------------------------------

    async def _dial(self) -> tuple[socket.socket, bytes]:
        await self._runs.wait()
        if self._journal.ended.is_set():
            raise ConnectionRefusedError("the container has ended")
        try:
            return await self._engine.dial(self.container, RELAY, RELAY_USER)
        except EngineError as error:
            raise ConnectionRefusedError(str(error)) from error

    async def _ask(self) -> Health:
        while True:
            try:
                return await self._client.health()
            except SandboxLost:  # the server ended and will be back, or the container ended and the journal knows
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_SECONDS):
                        await self._journal.news()

    # --- afterwards -----------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        while not self._journal.ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease / 3):
                    await self._journal.ended.wait()
                    return
            try:
                await self.renew()
            except (HarnessError, OSError) as error:  # two more tries before the lease is over
                _log.warning("%s: the lease could not be renewed: %s", self.container, error)

    async def _sweep(self) -> None:
        try:
            await sweep(self._engine, self._folder.path.parent)
        except HarnessError as error:  # the next start tries again
            _log.warning("sweeping failed: %s", error)

    async def _remove(self) -> None:
        if not self._folder.ours:
            return
        try:
            await self._engine.remove(self.container)
        except EngineError as error:  # its lease ends it; an error on the way out must not hide another
            _log.warning("%s: %s", self.container, error)

    async def _explain(self, error: SandboxLost) -> SandboxLost:
        """What became of a sandbox that does not answer any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OBITUARY_SECONDS):
                await self._journal.ended.wait()
        why = await self._why() if self._journal.ended.is_set() else str(error)
        tail = "".join(f"\n  | {line}" for line in self._journal.tail)
        return SandboxLost(f"the sandbox {self._folder.id} is lost: {why}{tail and f'{chr(10)}last log lines:{tail}'}")

    async def _why(self) -> str:
        told = await self._engine.ending(self.container, time.monotonic() - self._born)
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
