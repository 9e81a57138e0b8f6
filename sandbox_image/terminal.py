"""A terminal for one command: programs in it find a screen of a size, a keyboard, and signals from it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shlex
import struct
import termios
from typing import TYPE_CHECKING

from sandbox_image.channel import Fault
from sandbox_image.outlet import READ

if TYPE_CHECKING:
    from collections.abc import Callable

TERM = "xterm-256color"
_MAX_TYPED = 1 << 20  # bytes that wait for a program to read them
_LAST = 0.1  # seconds for the last output, where a background job keeps the terminal open


class Terminal:
    """A pseudo-terminal. Its readers belong to the event loop it was made in."""

    def __init__(self, columns: int, rows: int, sink: Callable[[bytes], None]) -> None:
        self._outer, self._inner = os.openpty()
        self._name = os.ttyname(self._inner)
        self._sink = sink
        self._typed = bytearray()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(self._outer, False)
        self.resize(columns, rows)
        self._loop.add_reader(self._outer, self._on_data)

    def around(self, command: str) -> str:
        """A command for bash that runs another one in this terminal, in a bash and a POSIX session of its own."""
        inner = f"builtin exec setsid --ctty bash -c {shlex.quote(command)} <>{self._name} >&0 2>&0"
        return f"(builtin export TERM={TERM}; {inner})"

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; programs are told."""
        fcntl.ioctl(self._outer, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        """Type at its keyboard. Raises Fault where what was typed before is not read."""
        if len(self._typed) + len(data) > _MAX_TYPED:
            raise Fault("oversized", f"{len(self._typed)} bytes typed before wait for the program; let it read them")
        self._typed += data
        self._feed()

    async def close(self) -> None:
        """Take the last output and close the terminal, which hangs up on programs that are still in it."""
        os.close(self._inner)
        try:
            await asyncio.wait([self._ended], timeout=_LAST)
        finally:
            self._loop.remove_reader(self._outer)
            self._loop.remove_writer(self._outer)
            os.close(self._outer)

    def _feed(self) -> None:
        try:
            while self._typed:
                del self._typed[: os.write(self._outer, self._typed)]
        except BlockingIOError:
            self._loop.add_writer(self._outer, self._feed)
        else:
            self._loop.remove_writer(self._outer)

    def _on_data(self) -> None:
        try:
            self._sink(os.read(self._outer, READ))
        except BlockingIOError:
            return
        except OSError:  # nobody has it open any more
            self._loop.remove_reader(self._outer)
            self._ended.set_result(None)
