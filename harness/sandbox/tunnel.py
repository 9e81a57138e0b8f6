"""A private host Unix socket for a socket in the guest, over the engine's exec stream.

Each connection to the host socket is one stream of the engine (a relay running in the container). The engine sends
output in blocks with an 8-byte header that says which of the relay's outputs it is and how long; what goes in has
no header. Half-closing the host's end arrives at the guest's; the end of the engine's stream is the end of its relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    Dial = Callable[[], Awaitable[tuple[socket.socket, bytes]]]

STDOUT, STDERR = 1, 2
LONGEST_PATH = 100  # bytes; the kernel takes 107
_HEADER = struct.Struct(">BxxxI")
_log = logging.getLogger(__name__)


class Demux:
    """Strips the engine's block headers; blocks and headers may come in pieces of any size."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._kind = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Pieces of content in order, each with the output it came from."""
        view = memoryview(data)
        while view:
            if self._left:
                piece, view = view[: self._left], view[self._left :]
                self._left -= len(piece)
                yield self._kind, bytes(piece)
                continue
            missing = _HEADER.size - len(self._header)
            self._header += view[:missing]
            view = view[missing:]
            if len(self._header) == _HEADER.size:
                self._kind, self._left = _HEADER.unpack(self._header)
                self._header.clear()


class _End(asyncio.Protocol):
    """One end of a connection: what arrives is written to the other end, as fast as that takes it."""

    def __init__(self, name: str, *, framed: bool, on_made: Callable[[_End], None] | None = None) -> None:
        self._name = name
        self._on_made = on_made
        self._demux = Demux() if framed else None
        self.transport: asyncio.Transport | None = None
        self.ended = False  # nothing more will arrive
        self.early = b""  # what arrived before there was an other end
        self.other: _End | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def join(self, other: _End) -> None:
        """Let what arrives flow to the other end from now on, and the reverse."""
        self.other, other.other = other, self
        for end in (self, other):
            if end.early:
                end.data_received(end.early)
            if end.transport:
                end.transport.resume_reading()

    def close(self) -> None:
        """Drop the connection at once, with what is not written yet."""
        if self.transport:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker: a stream's always is
        self.transport = transport
        transport.pause_reading()
        if self._on_made:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        if self.other is None:  # early versions of Python 3.11 go on reading although they were told to pause
            self.early += data
        elif self._demux is None:
            self._pass(data)
        else:
            self._pass_content(self._demux, data)

    def _pass_content(self, demux: Demux, data: bytes) -> None:
        for kind, piece in demux.feed(data):
            if kind == STDERR:
                _log.info("%s: %s", self._name, piece.decode(errors="replace").rstrip())
            else:
                self._pass(piece)

    def eof_received(self) -> bool:
        self.ended = True
        if self._demux:
            self.close()  # the relay ended: nobody will ever take what is not written yet
            return False
        if self.other is None or self.other.ended:
            return False  # both directions ended: this closes it, and connection_lost the other
        if self.other.transport and not self.other.transport.is_closing():
            with contextlib.suppress(OSError):  # it went away meanwhile; connection_lost follows
                self.other.transport.write_eof()
        return True  # keep the other direction open

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        del error  # whoever uses the connection sees it end
        if self.other and self.other.transport:
            self.other.transport.close()
        if not self.closed.done():
            self.closed.set_result(None)

    def _pass(self, data: bytes) -> None:
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)


class _Tunnel:
    """The connections of one host socket."""

    def __init__(self, name: str, dial: Dial) -> None:
        self._name = name
        self._dial = dial
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self) -> asyncio.Protocol:
        """Protocol for a connection that somebody made to the host socket."""
        return _End(self._name, framed=False, on_made=self._start)

    def _start(self, near: _End) -> None:
        task = asyncio.create_task(self._serve(near), name=f"tunnel {self._name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, near: _End) -> None:
        ends = [near]
        try:
            far = await self._open()
            ends.append(far)
            near.join(far)
            await asyncio.wait((near.closed, far.closed))
        except OSError as error:  # no relay: whoever connected sees the connection end
            _log.info("%s: %s", self._name, error)
        finally:
            for end in ends:
                end.close()
            await asyncio.wait([end.closed for end in ends])

    async def _open(self) -> _End:
        """The engine's end of a new connection, with what it said already."""
        stream, early = await self._dial()
        far = _End(self._name, framed=True)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, sock=stream)
        except BaseException:
            stream.close()
            raise
        far.early = early + far.early
        return far

    async def aclose(self) -> None:
        """End all connections and wait until they are gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def open_tunnel(path: Path, dial: Dial) -> AsyncIterator[Path]:
    """Listen at `path`; `dial` opens a stream of the engine for each connection and raises OSError where it cannot.

    The stream comes with the bytes that were read from it already. `path` lies in a folder that only this user can
    enter. Leaving ends every connection and removes the socket.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ValueError(f"a socket's path has at most {LONGEST_PATH} bytes: {path}")
    tunnel = _Tunnel(path.name, dial)
    server = await asyncio.get_running_loop().create_unix_server(tunnel.accept, path)
    os.chmod(path, 0o600)  # noqa: PTH101 - a call that cannot wait
    try:
        yield path
    finally:
        server.close()
        await tunnel.aclose()
        await server.wait_closed()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - a call that cannot wait
