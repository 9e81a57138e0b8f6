"""What a program writes: through a pipe into a file that keeps its beginning and its end, so that none fills the home.

The pipe has a name, and the program itself holds both ends of it: where the worker is killed, the program is not ended
by its next line, and the next worker finds the pipe and reads on.
"""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import suppress
from pathlib import Path

from sandbox_image.clip import Clip

KEPT = 1 << 18
"""Bytes at each end of the output that are kept for certain."""
FULL = 4 * KEPT
"""Bytes of a file that is shortened: seldom, since what is kept is written again."""
PIECE = 1 << 16
LAST = 16
"""Pieces that are taken in at once when a program has ended: what a pipe can hold."""


class Log:
    """A file of at most `FULL` bytes with both ends of a stream; a line in it says how much is gone between them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._size = self._total = os.fstat(self._fd).st_size
        self._end: int | None = None  # where the end begins in the file, once something is gone

    def write(self, data: bytes) -> None:
        """Add to it; what a full disk does not take is gone."""
        self._total += len(data)
        with suppress(OSError):
            self._size += os.pwrite(self._fd, data, self._size)
        if self._size > FULL:
            self._shorten()

    def read(self, limit: int) -> bytes:
        """All of it, or its first and last half of `limit` bytes, of `KEPT` at most."""
        pieces: list[bytes] = []
        clip = Clip(limit, pieces.append)
        if self._end is None:
            clip.feed(os.pread(self._fd, self._size, 0))
        else:
            clip.feed(os.pread(self._fd, KEPT, 0))
            clip.skip(self._total - KEPT - (self._size - self._end))
            clip.feed(os.pread(self._fd, self._size - self._end, self._end))
        clip.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Write no more, and read no more."""
        os.close(self._fd)

    def _shorten(self) -> None:
        last = os.pread(self._fd, KEPT, self._size - KEPT)
        notice = f"\n[... {self._total - 2 * KEPT} bytes of output left out ...]\n".encode()
        self._end = KEPT + len(notice)
        self._size = self._end + KEPT
        with suppress(OSError):
            os.pwrite(self._fd, notice + last, KEPT)
            os.ftruncate(self._fd, self._size)


class Pipe:
    """Moves what a program writes into its log, for as long as anybody writes."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        self.open = True
        asyncio.get_running_loop().add_reader(self._fd, self.move)

    @classmethod
    def new(cls, log: Log) -> Pipe:
        """A pipe beside the log."""
        path = log.path.with_suffix(".pipe")
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        return cls(path, log)

    def writer(self) -> int:
        """An end for a program; ours to close. It reads as well, so that the program never writes to nobody."""
        return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    def move(self) -> bool:
        """Move one piece; whether there was one."""
        try:
            data = os.read(self._fd, PIECE) if self.open else b""
        except BlockingIOError:
            return False
        if data:
            self._log.write(data)
        else:
            self.close()
        return bool(data)

    def drain(self) -> None:
        """Move what is in the pipe now."""
        for _ in range(LAST):
            if not self.move():
                return

    def close(self) -> None:
        """Nobody writes any more."""
        if self.open:
            self.open = False
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._path.unlink(missing_ok=True)


def adopt(folder: Path) -> None:
    """Read on from the pipes that a worker before this one left, so that their programs go on."""
    for path in folder.glob("*.pipe"):
        with suppress(OSError):  # a name that is no pipe of ours
            if stat.S_ISFIFO(path.lstat().st_mode):
                Pipe(path, Log(path.with_suffix(".log"))).drain()
