"""What lies between us and an API: a forward proxy, an end that speaks TLS, and a server that answers as it is told."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
END = b"\r\n\r\n"


@dataclass
class Proxy:
    """A forward proxy: tunnels what is asked for by CONNECT, passes on what comes with a whole address."""

    login: str | None = None  # USER:PASSWORD, where it asks for one
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """The first line of each request."""

    @property
    def url(self) -> str:
        """Its address, with the login."""
        return f"http://{self.login + '@' if self.login else ''}127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = await reader.readuntil(END)
        line, _, rest = head.decode().partition("\r\n")
        self.asked.append(line)
        method, target, _ = line.split(" ")
        if self.login and f"Basic {base64.b64encode(self.login.encode()).decode()}" not in rest:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            there, back = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            there, back = await asyncio.open_connection(parts.hostname, parts.port)
            back.write(f"{method} {parts.path} HTTP/1.1\r\n{rest}".encode())
        await joined(reader, back, there, writer)


async def joined(
    reader: asyncio.StreamReader,
    back: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Pass on both ways until either end is gone."""
    ways = [asyncio.create_task(_passed(reader, back)), asyncio.create_task(_passed(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        back.close()


async def _passed(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()


@asynccontextmanager
async def listening(handle: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a loopback port, and the port. What is under way ends with the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await handle(reader, writer)
                await writer.drain()
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(one(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        under_way = list(tasks)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def forward_proxy(login: str | None = None) -> AsyncIterator[Proxy]:
    """A forward proxy."""
    proxy = Proxy(login)
    async with listening(proxy.handle) as proxy.port:
        yield proxy


@asynccontextmanager
async def over_tls(url: str, context: ssl.SSLContext) -> AsyncIterator[str]:
    """The server at this address, by TLS: the address to ask it at."""
    parts = urlsplit(url)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(parts.hostname, parts.port)
        await joined(reader, back, there, writer)

    async with listening(handle, context) as port:
        yield f"https://localhost:{port}"


@dataclass
class Answers:
    """Answers each request with the next of these bytes, and ends the connection."""

    answers: list[bytes]
    heads: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        head = (await reader.readuntil(END)).decode()
        length = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), ":0")
        await reader.readexactly(int(length.partition(":")[2]))
        self.heads.append(head)
        writer.write(self.answers.pop(0))


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[Answers]:
    """A server that gives these answers, whole HTTP responses, one after another."""
    server = Answers(list(answers))
    async with listening(server.handle) as server.port:
        yield server
