"""Files on their way between the host's disk and a sandbox, in pieces, never blocking the event loop.

What comes out of a sandbox is untrusted: its size is limited here, and an archive is unpacked with the filter
that lets nothing out of the target folder.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import IO

from harness.errors import FileFailed, UsageError
from sandbox_image.wire import ErrorCode, Failure, FileInfo, Refused

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile

LIMIT = 1 << 30
"""Bytes brought out of a sandbox by one call unless it is told otherwise."""
_PIECE = 1 << 16


async def collect(stream: AsyncIterator[FileInfo | bytes], limit: int) -> bytes:
    """The bytes of a file."""
    parts: list[bytes] = []
    async with aclosing(_limited(stream, limit)) as items:
        async for item in items:
            if isinstance(item, bytes):
                parts.append(item)
            elif item.type == "folder":
                raise FileFailed(_is_folder(item.path))
    return b"".join(parts)


async def save(stream: AsyncIterator[FileInfo | bytes], to: Path, limit: int) -> None:
    """Write a file whole or not at all; unpack a folder's content into the folder `to`."""
    await asyncio.to_thread(to.parent.mkdir, parents=True, exist_ok=True)
    handle, name = await asyncio.to_thread(tempfile.mkstemp, dir=to.parent, prefix=f".{to.name}.")
    part = Path(name)
    try:
        folder = await _spool(stream, handle, limit)
        await asyncio.to_thread(_unpack if folder else _place, part, to)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)


async def pieces(source: Path | str | bytes) -> AsyncIterator[bytes]:
    """A local file, or bytes, in pieces of bounded size. Raises UsageError where the file cannot be read."""
    if isinstance(source, bytes):
        for start in range(0, len(source), _PIECE):
            yield source[start : start + _PIECE]
        return
    file = await asyncio.to_thread(_open, Path(source))
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


async def _spool(stream: AsyncIterator[FileInfo | bytes], handle: int, limit: int) -> bool:
    """Write the stream to the handle; tells whether it is a folder's archive."""
    folder = False
    with os.fdopen(handle, "wb") as file:
        async with aclosing(_limited(stream, limit)) as items:
            async for item in items:
                if isinstance(item, bytes):
                    await asyncio.to_thread(file.write, item)
                else:
                    folder = item.type == "folder"
    return folder


async def _limited(stream: AsyncIterator[FileInfo | bytes], limit: int) -> AsyncGenerator[FileInfo | bytes]:
    """The stream up to `limit` bytes; whatever ends this ends the stream as well."""
    left = limit
    try:
        async for item in stream:
            if isinstance(item, bytes):
                left -= len(item)
            if left < 0:
                raise Refused(ErrorCode.OVERSIZED, f"it is larger than the {limit} bytes allowed; give a larger limit")
            yield item
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _place(part: Path, to: Path) -> None:
    if to.is_dir():
        raise UsageError(f"{to} is a folder; name the file to write")
    part.chmod(0o644)
    part.replace(to)


def _unpack(part: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    try:
        with tarfile.open(part) as archive:
            archive.extractall(to, filter="data")
    except tarfile.TarError as error:
        raise FileFailed(
            Failure(code=ErrorCode.FILE_ERROR, message=f"the folder's archive is refused: {error}")
        ) from None


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; put takes one file, or bytes") from None


def _is_folder(path: str) -> Failure:
    return Failure(code=ErrorCode.FILE_ERROR, message=f"{path} is a folder; bring it with get")
