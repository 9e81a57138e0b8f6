"""A Unix socket in front of another one that cuts connections where a test wants them cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Dropping:
    """How many connections are still to be cut, and after how many bytes of the answer."""

    drops: int = 0
    after: int = 0
    dropped: int = 0

    async def back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the answer on, or cut it."""
        passed = 0
        while data := await reader.read(1 << 16):
            if self.drops and passed + len(data) > self.after:
                writer.write(data[: self.after - passed])
                self.drops, self.dropped = self.drops - 1, self.dropped + 1
                return
            passed += len(data)
            writer.write(data)
            await writer.drain()


async def forth(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass the request on."""
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def dropping(path: Path, behind: Path) -> AsyncIterator[Dropping]:
    """Listen on `path` and pass everything to `behind` and back, except what is to be cut."""
    policy = Dropping()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(str(behind))
        ways = [asyncio.create_task(forth(reader, there[1])), asyncio.create_task(policy.back(there[0], writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, there[1]):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    server = await asyncio.start_unix_server(connected, str(path))
    try:
        yield policy
    finally:
        server.close()
