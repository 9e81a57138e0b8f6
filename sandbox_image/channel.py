"""Frames on the private stream socket that carries one request between server and worker.

A frame is a big-endian u32 length, one byte that says what it is, and that many bytes. Both ends treat the other as
able to send anything: a frame that is not one raises `ChannelError` and nothing else. No pydantic here, since the
worker does without it: that keeps 8 MB and 60 ms out of every sandbox.
"""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

WORKER_FD = "HARNESS_WORKER_FD"
"""Environment variable that names the worker's end of its main socket."""
MAX_FRAME = 2 << 20
"""Longest body of a frame in bytes: room for the longest request in JSON."""
PIECE = 256 << 10
"""Content is sent in pieces of this many bytes at most."""
_HEAD = struct.Struct(">IB")


class Kind(IntEnum):
    """What the body of a frame is."""

    MESSAGE = 1  # JSON
    BYTES = 2  # a piece of a file or of output
    END = 3  # nothing: the content is complete
    ERRORS = 4  # a piece of standard error, where that is apart
    LATE = 5  # what background jobs printed since the command before


class Frame(NamedTuple):
    """One frame."""

    kind: Kind
    body: bytes


class ChannelError(Exception):
    """The other end sent what is not a frame, or went away within one."""


class Fault(Exception):
    """Raised in the worker to answer a request with a failure; `code` is a value of `wire.ErrorCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Channel:
    """One end of a private socket; closing it tells the other end that nobody waits any more."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Channel:
        """Take over a connected stream socket."""
        return cls(*await asyncio.open_connection(sock=end, limit=PIECE))

    async def read(self) -> Frame | None:
        """The next frame; None where the other end closed. Raises ChannelError for anything that is no frame."""
        started = False
        try:
            kind, length = _parse(await self._reader.readexactly(_HEAD.size))
            started = True
            return Frame(kind, await self._reader.readexactly(length))
        except asyncio.IncompleteReadError as error:
            if error.partial or started:
                raise ChannelError("the other end went away within a frame") from None
            return None
        except OSError:
            return None

    def write(self, kind: Kind, body: bytes | bytearray | memoryview = b"") -> None:
        """Queue a body, in several frames where bytes are longer than a piece; `drain` waits for the other end."""
        step = max(len(body), 1) if kind is Kind.MESSAGE else PIECE
        for start in range(0, max(len(body), 1), step):
            piece = memoryview(body)[start : start + step]
            self._writer.write(_HEAD.pack(len(piece), kind) + piece)

    async def drain(self) -> bool:
        """Wait until there is room for more; False where the other end is gone."""
        try:
            await self._writer.drain()
        except OSError:
            return False
        return not self._writer.is_closing()

    async def finish(self, seconds: float) -> None:
        """Say that nothing more is wanted and wait, bounded, until the other end has ended its work and closed."""
        try:
            self._writer.write_eof()
            async with asyncio.timeout(seconds):
                while await self._reader.read(PIECE):
                    pass
        except OSError:  # TimeoutError is one: an end that does not come is not waited for
            return

    async def close(self) -> None:
        """Send what is queued and close."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


def _parse(head: bytes) -> tuple[Kind, int]:
    length, kind = _HEAD.unpack(head)
    if length > MAX_FRAME:
        raise ChannelError(f"a frame has at most {MAX_FRAME} bytes; {length} were announced")
    try:
        return Kind(kind), length
    except ValueError:
        raise ChannelError(f"{kind} is no kind of frame") from None
