"""HTTP/1.1 over one Unix socket, as a transport of httpx.

The one that comes with httpx also serves other event loops, proxies and TLS, and takes longer over a request than the
sandbox does. Here a request is one write, and the parser that the sandbox's server uses reads the answer. What comes is
not trusted: a head has a limit, and whatever is not HTTP ends the connection.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import httpx
from httptools import HttpParserError, HttpResponseParser

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

MAX_CONNECTIONS = 64
"""Requests at one time; further ones wait for their turn. Each connection is a process in the sandbox."""
MAX_HEAD = 64 << 10
"""Longest head of an answer, in bytes."""
_PIECE = 256 << 10  # bytes that are read at once, at most
_END = b"\r\n"
T = TypeVar("T")


class UnixTransport(httpx.AsyncBaseTransport):
    """Requests to who listens at `path`. Connections are kept open and taken up again.

    Each wait ends after the request's `read` timeout, in seconds. Raises httpx.TimeoutException, httpx.NetworkError,
    and httpx.RemoteProtocolError for what is not HTTP or breaks off.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the answer's head. Closing the answer frees the connection."""
        seconds: float = request.extensions["timeout"]["read"]
        connection = await self._take(seconds)
        free = partial(self._give_back, connection)
        try:
            answer = await connection.ask(request, seconds)
        except BaseException:
            free()
            raise
        body = _Body(connection.body(answer, seconds), free)
        return httpx.Response(answer.status, headers=answer.headers, stream=body, request=request)

    async def aclose(self) -> None:
        """Close every connection and wait until they are."""
        for connection in tuple(self._open):
            await connection.aclose()

    async def _take(self, seconds: float) -> _Connection:
        """A connection that waits for a request, or a new one."""
        await _within(seconds, self._turns.acquire())
        try:
            while self._idle:
                if (connection := self._idle.pop()).usable:
                    return connection
                self._drop(connection)
            connection = _Connection(*await _within(seconds, asyncio.open_unix_connection(self._path)))
        except BaseException:
            self._turns.release()
            raise
        self._open.add(connection)
        return connection

    def _give_back(self, connection: _Connection) -> None:
        """The request is over; where its answer was not read to the end, the connection is as well."""
        self._turns.release()
        if connection.usable:
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        self._open.discard(connection)
        connection.close()


class _Answer:
    """What the parser has told of one answer so far."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.begun = self.whole = self.lasts = False
        self._parser = HttpResponseParser(self)
        self._head = 0

    def feed(self, data: bytes) -> None:
        """Take what came. Raises httpx.RemoteProtocolError where it is no HTTP."""
        try:
            for piece in [data] if self.begun else _pieces(data, MAX_HEAD):
                self._parser.feed_data(piece)
                self._head += len(piece)
                if not self.begun and self._head >= MAX_HEAD:
                    raise httpx.RemoteProtocolError(f"the head of an answer has at most {MAX_HEAD} bytes")
        except HttpParserError as error:
            raise httpx.RemoteProtocolError(f"this is no answer in HTTP/1.1: {error}") from None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self.headers.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if not {b"content-length", b"transfer-encoding"} & dict(self.headers).keys():
            raise ValueError("an answer tells its length")
        self.begun, self.status = True, self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.whole, self.lasts = True, self._parser.should_keep_alive()


class _Connection:
    """One connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._free = True
        self._sent = False  # a request, to its end

    @property
    def usable(self) -> bool:
        """Whether another request can be sent, as far as is known."""
        return self._free and not (self._writer.is_closing() or self._reader.at_eof() or self._reader.exception())

    def close(self) -> None:
        """End it."""
        self._writer.close()

    async def aclose(self) -> None:
        """End it, and wait until it is."""
        self.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def ask(self, request: httpx.Request, seconds: float) -> _Answer:
        """Send a request; the answer once its head is there. What the content raises is passed on as it is."""
        self._free = self._sent = False
        head, answer = _head(request), _Answer()
        if isinstance(request.stream, httpx.AsyncByteStream) and not isinstance(request.stream, httpx.ByteStream):
            await self._write(head, seconds)
            await self._stream(request.stream, answer, seconds)
        else:
            await self._write(head + request.content, seconds)
            self._sent = True
            await self._hear(answer, seconds)
        return answer

    async def body(self, answer: _Answer, seconds: float) -> AsyncIterator[bytes]:
        """The answer's body, in pieces as they come."""
        while True:
            pieces, answer.pieces = answer.pieces, []
            for piece in pieces:
                yield piece
            if answer.whole:
                break
            await self._more(answer, seconds)
        self._free = self._sent and answer.lasts

    async def _stream(self, content: AsyncIterable[bytes], answer: _Answer, seconds: float) -> None:
        """Send content as it comes, until the answer begins: that is before the end where it is refused."""
        hearing = asyncio.ensure_future(self._hear(answer, seconds=None))
        try:
            async for piece in content:
                if hearing.done():
                    break
                if piece:
                    await self._write(b"%x\r\n%b\r\n" % (len(piece), piece), seconds)
            else:
                await self._write(b"0\r\n\r\n", seconds)
                self._sent = True
            await _within(seconds, hearing)
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, answer: _Answer, seconds: float | None) -> None:
        while not answer.begun:
            await self._more(answer, seconds)

    async def _more(self, answer: _Answer, seconds: float | None) -> None:
        data = await _within(seconds, self._reader.read(_PIECE))
        if not data:
            raise httpx.RemoteProtocolError("the connection ended before the answer did")
        answer.feed(data)

    async def _write(self, data: bytes, seconds: float) -> None:
        """Write it, where anybody takes it; what became of it is seen from the answer."""
        self._writer.write(data)
        with suppress(httpx.NetworkError):
            await _within(seconds, self._writer.drain())


class _Body(httpx.AsyncByteStream):
    """The body of an answer, read once."""

    def __init__(self, pieces: AsyncIterator[bytes], free: Callable[[], None]) -> None:
        self._pieces, self._free = pieces, free
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        """Free the connection."""
        if not self._closed:
            self._closed = True
            self._free()


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _head(request: httpx.Request) -> bytes:
    """The request's first lines. Raises httpx.LocalProtocolError for a header that would be several."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise httpx.LocalProtocolError("a header of a request is one line")
    return _END.join((*lines, b"", b""))


async def _within(seconds: float | None, work: Awaitable[T]) -> T:
    """Wait for a connection, bounded; what breaks it is told in the words of httpx."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise httpx.ReadTimeout(f"nothing happened for {seconds:g} s") from None
    except OSError as error:
        raise httpx.NetworkError(f"the connection broke: {error!r}") from None
