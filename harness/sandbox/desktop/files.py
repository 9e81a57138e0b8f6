"""Files in and out."""

from __future__ import annotations

from pathlib import Path

from harness.sandbox import transfer
from harness.sandbox.desktop.requests import Requests, refusals, sendable
from sandbox_image.wire import (
    ReadFile,
    WriteFile,
)


class Files(Requests):
    """Files of the desktop user."""

    async def read(self, path: str, *, limit: int = transfer.LIMIT) -> bytes:
        """A file's bytes. Raises FileFailed; ActionFailed with code `oversized` beyond `limit` bytes."""
        with sendable():
            request = ReadFile(path=path)
        with refusals():
            return await transfer.collect(self._guest.read_file(request), limit)

    async def get(self, path: str, to: Path | str, *, limit: int = transfer.LIMIT) -> None:
        """Bring a file to `to`, or a folder's content into the folder `to`; whole or not at all for a file."""
        with sendable():
            request = ReadFile(path=path)
        with refusals():
            await transfer.save(self._guest.read_file(request), Path(to), limit)

    async def put(self, source: Path | str | bytes, path: str, *, mode: int = 0o644) -> None:
        """Put a local file, or bytes, at a path in the sandbox; missing folders are made."""
        with sendable():
            request = WriteFile(path=path, mode=mode)
        with refusals():
            await self._guest.write_file(request, transfer.pieces(source))
