"""Where a shell's programs print: a pipe that is read by the event loop and handed to whoever listens."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from sandbox_image.clip import Tail, notice

if TYPE_CHECKING:
    from collections.abc import Callable

READ = 64 << 10
_PIPE = 256 << 10
"""What a pipe should hold. All sandboxes of a machine share what one user's pipes may hold: where it is used up by
others, a small pipe does as well."""
_BACKLOG = 32 << 10  # bytes of what background jobs print between two commands
_OUT_OF_THE_WAY = 200  # scripts use the descriptors below


class Outlet:
    """A pipe out of bash. What comes while nobody listens waits, bounded; `inner` is bash's end, to be passed on."""

    def __init__(self) -> None:
        self._outer, self.inner = pipe_above()
        os.set_blocking(self._outer, False)
        with suppress(PermissionError):
            fcntl.fcntl(self._outer, fcntl.F_SETPIPE_SZ, _PIPE)
        self._waiting = Tail(_BACKLOG)
        self._sink: Callable[[bytes], None] = self._waiting.feed
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._outer, self._on_data)

    def listen(self, sink: Callable[[bytes], None]) -> bytes:
        """Hand on what comes from now on; what waited."""
        waiting, self._waiting = self._waiting, Tail(_BACKLOG)
        self._sink = sink
        waited = waiting.take()
        return notice(waiting.omitted) + waited if waiting.omitted else waited

    def mute(self) -> None:
        """Hand on what was printed so far, and let what comes from now on wait."""
        self.drain()
        self._sink = self._waiting.feed

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting = Tail(_BACKLOG)
        self._sink = self._waiting.feed

    def drain(self) -> None:
        """Take all that is in the pipe now, and no more: a background job may never stop printing."""
        (left,) = struct.unpack("i", fcntl.ioctl(self._outer, termios.FIONREAD, bytes(4)))
        while left > 0 and (data := os.read(self._outer, min(left, READ))):
            left -= len(data)
            self._sink(data)

    def close(self) -> None:
        """Hand on the rest and let go of the pipe."""
        self.drain()
        self._loop.remove_reader(self._outer)
        os.close(self._outer)

    def _on_data(self) -> None:
        try:
            data = os.read(self._outer, READ)
        except BlockingIOError:
            return
        if data:
            self._sink(data)
        else:
            self._loop.remove_reader(self._outer)


def pipe_above(lowest: int = _OUT_OF_THE_WAY) -> tuple[int, int]:
    """A pipe whose writing end has a number that scripts do not use for themselves."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        return reading, fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, lowest)
    finally:
        with suppress(OSError):
            os.close(writing)
