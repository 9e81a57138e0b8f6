"""Files in and out."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from harness.errors import UsageError
from harness.sandbox import transfer
from harness.sandbox.desktop.requests import Requests, refusals, sendable
from harness.sandbox.transfer import LIMIT, Progress, Saved
from sandbox_image.wire import Done, Entry, FileInfo, FindFile, FolderPage, ListFolder, ReadFile, RemoveFile, WriteFile


class Files(Requests):
    r"""Files of the desktop user, of any size, never held in memory as a whole but by `read`.

    A path in the sandbox is absolute or starts at the desktop user's home, which is `~` too. What of a name is not
    UTF-8 is written `\xHH`, and a backslash `\x5c`. Whatever the sandbox's file system refuses is a FileFailed: not
    there, not allowed, full.
    """

    async def read(self, path: str, *, limit: int | None = LIMIT) -> bytes:
        """A file's bytes. Raises FileFailed; ActionFailed with code `oversized` beyond `limit` bytes."""
        with sendable():
            request = ReadFile(path=path)
        with refusals():
            return await transfer.collect(self._guest.read_file(request), limit)

    async def get(
        self, path: str, to: Path | str, *, limit: int | None = LIMIT, progress: Progress | None = None
    ) -> Saved:
        """Bring a file to `to`, or a folder's content into the folder `to`, new or there.

        A file is whole or not there at all. So is a folder: it is put in its place once all of it has come, merged
        with what is there; where a folder stands in the way of a file, or the reverse, nothing is put. Links stay
        links. Those that lead out of the folder, also by an absolute path, are left out, as is what the desktop's user
        may not read, and `left_out` of the result names them; so are sockets, pipes, devices and other file systems,
        which are not named. Raises FileFailed; UsageError where it cannot be written here; ActionFailed with code
        `oversized` beyond `limit` bytes, None for any number. `progress` is called with the bytes done and the total,
        which is None for a folder.
        """
        with sendable():
            request = ReadFile(path=path)
        with refusals():
            return await transfer.save(self._guest.read_file(request), Path(to), limit, progress)

    async def put(
        self, source: Path | str | bytes, path: str, *, mode: int | None = None, progress: Progress | None = None
    ) -> FileInfo:
        """Put a local file or folder, or bytes, at a path in the sandbox; missing folders are made.

        A file is whole or not there at all, also for who reads it meanwhile. Its mode is `mode`, or else that of
        the local file; for bytes that of the file that is there, 644 for a new one. The content of a folder goes
        into the folder `path`, as with `get`: whole, merged, links as links and not followed, with the modes of all.
        Raises FileFailed; UsageError where the source cannot be read. `progress` is called with the bytes done and
        the total, which is None for a folder.
        """
        what = await asyncio.to_thread(transfer.source, source)
        if what.folder and mode is not None:
            raise UsageError(f"mode {mode:o} is for one file; the files of a folder have modes of their own")
        with sendable():
            request = WriteFile(path=path, mode=what.mode if mode is None else mode, unpack=what.folder)
        with refusals():
            async with aclosing(transfer.sent(what, progress)) as pieces:
                return await self._guest.write_file(request, pieces)

    async def ls(self, path: str = "~", *, after: str = "", limit: int = 1000) -> FolderPage:
        """What is in a folder, in order of names, `limit` entries at most (5000).

        Where there is more, `after` of the page is what `after` has to be for the next one; it is None on the last.
        A page goes on after a name, so changes meanwhile make nothing that stays come twice or be left out. Raises
        FileFailed.
        """
        with sendable():
            action = ListFolder(path=path, after=after, limit=limit)
        return await self._one(action, FolderPage)

    async def stat(self, path: str) -> Entry:
        """What stands at a path, a link as a link. Raises FileFailed with code `not_found` where nothing does."""
        with sendable():
            action = FindFile(path=path)
        return await self._one(action, Entry)

    async def remove(self, path: str) -> None:
        """Remove a file or a link, or a folder with all in it. Raises FileFailed."""
        with sendable():
            action = RemoveFile(path=path)
        await self._one(action, Done)
