"""Files on their way between the host's disk and a sandbox, in pieces, never blocking the event loop.

What comes out of a sandbox is untrusted: its size is limited here, and a folder is unpacked with nothing let out of
its place.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from harness.errors import FileFailed, UsageError
from sandbox_image.archive import PIECE, ArchiveError, pack, receive
from sandbox_image.consume import consume
from sandbox_image.wire import ErrorCode, Failure, FileInfo, Refused

LIMIT = 1 << 30
"""Bytes brought out of a sandbox by one call unless it is told otherwise."""
Progress: TypeAlias = Callable[[int, int | None], None]
"""Called again and again with the bytes that are done, and how many there will be where that is known."""
_HARMLESS = 0o755  # of what a sandbox says of a file's mode


class Source(NamedTuple):
    """What goes into a sandbox."""

    pieces: Iterator[bytes]
    bytes: int | None  # None for a folder: as many as it takes
    mode: int | None  # of a local file
    folder: bool


class Saved(FileInfo):
    """What was brought, and what of a folder was not: links that lead out of it, and what may not be read there.

    `left_out` names the first thousand, relative to the folder and written as all names in a sandbox are.
    """

    left_out: tuple[str, ...] = ()


# --- out of a sandbox -------------------------------------------------------------------------------------------------


async def collect(stream: AsyncIterator[FileInfo | bytes], limit: int | None) -> bytes:
    """The bytes of a file, `limit` of them at most."""
    async with opened(stream, limit) as (info, pieces):
        if info.type == "folder":
            raise _refused(f"{info.path} is a folder; bring it with get")
        return b"".join([piece async for piece in pieces])


async def save(
    stream: AsyncIterator[FileInfo | bytes], to: Path, limit: int | None, progress: Progress | None = None
) -> Saved:
    """Write a file whole or not at all; unpack a folder into the folder `to`, once all of it has come."""

    def write(pieces: Iterator[bytes]) -> list[str]:
        with _local(f"{to} cannot be written"):
            to.parent.mkdir(parents=True, exist_ok=True)
            if info.type == "folder":
                return _unpack(pieces, to)
            _write(pieces, to, info.mode & _HARMLESS | stat.S_IRUSR | stat.S_IWUSR)
            return []

    async with opened(stream, limit) as (info, pieces):
        total = info.bytes if info.type == "file" else None
        left_out = await consume(_counted(pieces, total, progress) if progress else pieces, write)
    return Saved(**info.model_dump(), left_out=tuple(left_out))


@asynccontextmanager
async def opened(
    stream: AsyncIterator[FileInfo | bytes], limit: int | None
) -> AsyncGenerator[tuple[FileInfo, AsyncIterator[bytes]]]:
    """What is told of a file, and its pieces; the end of the block ends the stream."""
    try:
        info = await anext(stream)
        if not isinstance(info, FileInfo):
            raise TypeError("a guest tells what stands at the path before it sends bytes")
        yield info, _limited(stream, limit)
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


async def _limited(stream: AsyncIterator[FileInfo | bytes], limit: int | None) -> AsyncIterator[bytes]:
    left = limit
    async for item in stream:
        if not isinstance(item, bytes):
            raise TypeError("a guest tells only once what stands at the path")
        if left is not None:
            left -= len(item)
            if left < 0:
                message = f"it is larger than the {limit} bytes allowed; give a larger limit"
                raise Refused(ErrorCode.OVERSIZED, message)
        yield item


def _write(pieces: Iterator[bytes], to: Path, mode: int) -> None:
    if to.is_dir():
        raise UsageError(f"{to} is a folder; name the file to write")
    part = to.parent / f".{secrets.token_hex(6)}.part"
    try:
        with part.open("xb") as file:
            file.writelines(pieces)
        part.chmod(mode)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def _unpack(pieces: Iterator[bytes], to: Path) -> list[str]:
    try:
        return receive(pieces, os.path.realpath(to), trusted=False)
    except ArchiveError as error:
        raise _refused(f"the folder's archive is refused: {error}") from None


# --- into a sandbox ---------------------------------------------------------------------------------------------------


def source(what: Path | str | bytes) -> Source:
    """A local file or folder, or bytes. Raises UsageError where it cannot be read, as its pieces do."""
    if isinstance(what, bytes):
        cut = (what[start : start + PIECE] for start in range(0, len(what), PIECE))
        return Source(cut, len(what), None, folder=False)
    path = Path(what)
    with _local(f"{path} cannot be read"):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return Source(_read(path, pack(os.fspath(path))), None, None, folder=True)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path} is neither a file nor a folder; put takes one of them, or bytes")
        path.open("rb").close()  # before anything is sent
    return Source(_read(path, _file(path)), status.st_size, stat.S_IMODE(status.st_mode) & 0o777, folder=False)


async def sent(what: Source, progress: Progress | None = None) -> AsyncGenerator[bytes]:
    """The pieces of a source, read as they are wanted."""
    done = 0
    while (piece := await asyncio.to_thread(next, what.pieces, None)) is not None:
        yield piece
        done += len(piece)
        if progress:
            progress(done, what.bytes)


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def _read(path: Path, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with _local(f"{path} cannot be read"):
        yield from pieces


# --- what both need ---------------------------------------------------------------------------------------------------


async def _counted(pieces: AsyncIterator[bytes], total: int | None, progress: Progress) -> AsyncIterator[bytes]:
    done = 0
    async for piece in pieces:
        yield piece
        done += len(piece)
        progress(done, total)


@contextmanager
def _local(what: str) -> Iterator[None]:
    """Tell what the host's own file system refuses as the caller's error."""
    try:
        yield
    except OSError as error:
        where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
        raise UsageError(f"{what}: {error.strerror}{where}") from None


def _refused(message: str) -> FileFailed:
    return FileFailed(Failure(code=ErrorCode.FILE_ERROR, message=message))
