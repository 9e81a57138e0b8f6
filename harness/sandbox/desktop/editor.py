"""Text files as a model edits them: view with line numbers, create, replace one place, insert after a line, undo."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from contextlib import suppress
from itertools import accumulate
from typing import NamedTuple

from harness.errors import EditFailed, FileFailed, UsageError
from harness.sandbox import transfer
from harness.sandbox.desktop.files import Files
from harness.sandbox.desktop.requests import refusals, sendable
from harness.sandbox.desktop.text import Text, decoded
from sandbox_image.wire import ErrorCode, FileInfo, Guest, ReadFile, Size

MAX_CHARACTERS = 100_000
"""Characters that a view shows unless it is told otherwise."""
LIMIT = 16 << 20
"""Bytes of the largest file that is edited."""
_ENTRIES = 1000  # of a folder's view
_UNDOS = 20  # of one file


class _Edit(NamedTuple):
    before: bytes | None  # None where there was no file
    after: bytes


class Editor(Files):
    """Edits to files of the desktop user.

    Each is one atomic write that keeps mode, links, line ends, a byte order mark and a missing last line end. What
    is no UTF-8 text is refused and not touched, as is a file of more than 16 MiB. An edit that does not fit raises
    EditFailed and changes nothing; what the file system refuses is a FileFailed. All answer with a short text for a
    model to read.
    """

    def __init__(self, guest: Guest, screen: Size) -> None:
        super().__init__(guest, screen)
        self._edits: dict[str, list[_Edit]] = {}

    async def edit_view(self, path: str, lines: tuple[int, int] | None = None, *, limit: int = MAX_CHARACTERS) -> str:
        """A file's lines with their numbers, from 1; or what is in a folder, two levels deep, without hidden files.

        `lines` are the first and the last line wanted, -1 for the end. Beyond `limit` characters the rest is left out,
        and the answer says from which line on. Raises EditFailed for lines that are not there; FileFailed.
        """
        if limit < 1:
            raise UsageError(f"a view shows at least 1 character; found limit={limit}")
        if lines is None:
            with suppress(FileFailed):  # it is no folder
                return await self._folder(path)
        info, data = await self._load(path)
        text = decoded(data, info.path)
        first, last = _range(lines, len(text.lines), info.path)
        return _fitting(text.numbered(first, last), first, limit) or f"{info.path} is empty"

    async def edit_create(self, path: str, text: str) -> str:
        """Write a file, in place of the one that is there; missing folders are made. Raises EditFailed, FileFailed."""
        before: bytes | None = None
        try:
            info, before = await self._load(path)
        except FileFailed as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
        info = await self._write(path, before, Text(text).encoded())
        return f"{info.path} {'was created' if before is None else 'was replaced'}: {_lines(text)}"

    async def edit_replace(self, path: str, old: str, new: str = "") -> str:
        """Replace `old`, which has to be in the file exactly once, by `new`; the answer shows the lines around.

        Raises EditFailed, saying where `old` is if it is there more than once; FileFailed.
        """
        info, data = await self._load(path)
        text, line = decoded(data, info.path).replaced(old, new)
        await self._write(path, data, text.encoded())
        return f"{info.path} was changed:\n{text.around(line, new.count(chr(10)) + 1)}"

    async def edit_insert(self, path: str, after: int, text: str) -> str:
        """Insert lines after line `after`, 0 for the beginning; the answer shows the lines around.

        Raises EditFailed where there is no such line; FileFailed.
        """
        info, data = await self._load(path)
        new, count = decoded(data, info.path).inserted(after, text)
        await self._write(path, data, new.encoded())
        return f"{info.path} was changed:\n{new.around(after + 1, count)}"

    async def edit_undo(self, path: str) -> str:
        """Take back the last edit of a file made here, up to 20 of them; one that was created goes.

        Raises EditFailed where there is none, or something else changed the file since; FileFailed.
        """
        info, data = await self._load(path)
        edits = self._edits.get(info.path)
        if not edits:
            raise EditFailed(f"there is no edit of {info.path} to take back")
        before, after = edits[-1]
        if data != after:
            raise EditFailed(f"{info.path} was changed by something else since its last edit, which would be lost")
        if before is None:
            await self.remove(path)
        else:
            await self.put(before, path)
        edits.pop()
        return f"the last edit of {info.path} was taken back: {'it is gone' if before is None else _size(before)}"

    async def _load(self, path: str) -> tuple[FileInfo, bytes]:
        """What stands at a path, and its bytes. Raises EditFailed for what is not to be edited."""
        with sendable():
            request = ReadFile(path=path)
        with refusals():
            async with transfer.opened(self._guest.read_file(request), LIMIT) as (info, pieces):
                if info.type == "folder":
                    raise EditFailed(f"{info.path} is a folder; name a file in it")
                if info.bytes > LIMIT:
                    raise EditFailed(f"{info.path} has {info.bytes} bytes and the editor takes {LIMIT}; use the shell")
                return info, b"".join([piece async for piece in pieces])

    async def _write(self, path: str, before: bytes | None, after: bytes) -> FileInfo:
        info = await self.put(after, path)
        self._edits.setdefault(info.path, []).append(_Edit(before, after))
        del self._edits[info.path][:-_UNDOS]
        return info

    async def _folder(self, path: str) -> str:
        top, *inner = await self._visible(path)
        told = [top]
        for one in inner:
            told.append(one)
            if one.endswith("/") and len(told) <= _ENTRIES:
                with suppress(FileFailed):  # it may be closed to us, or gone
                    told += (await self._visible(one))[1:]
        more = ["[and more, left out; view a folder of these]"] if len(told) > _ENTRIES else []
        return "\n".join(told[:_ENTRIES] + more)

    async def _visible(self, path: str) -> list[str]:
        """Paths of a folder and of what is in it, folders with a slash at the end; not many more than are shown."""
        page = await self.ls(path)
        found = [posixpath.join(page.path, "")]
        while True:
            shown = [one for one in page.entries if not one.name.startswith(".")]
            found += [posixpath.join(page.path, one.name) + "/" * (one.type == "folder") for one in shown]
            if page.after is None or len(found) > _ENTRIES:
                return found
            page = await self.ls(path, after=page.after)


def _range(lines: tuple[int, int] | None, count: int, path: str) -> tuple[int, int]:
    if lines is None:
        return 1, count
    first, last = lines[0], count if lines[1] == -1 else lines[1]
    if not 1 <= first <= last <= count:
        raise EditFailed(
            f"{path} has the lines 1 to {count}; a range is its first and its last line, -1 for the end: found {lines}"
        )
    return first, last


def _fitting(numbered: list[str], first: int, room: int) -> str:
    """The lines that fit, and which do not; a first line that does not is cut."""
    ends = list(accumulate(len(line) + 1 for line in numbered))
    fit = bisect_right(ends, room + 1)
    if fit == len(numbered):
        return "\n".join(numbered)
    shown = numbered[:fit] or [numbered[0][:room]]
    last = first + len(numbered) - 1
    return "\n".join([*shown, f"[cut at {room} characters; lines {first + fit} to {last} can be viewed as a range]"])


def _lines(text: str) -> str:
    count = len(Text(text).lines)
    return "1 line" if count == 1 else f"{count} lines"


def _size(data: bytes) -> str:
    return f"it has {len(data)} bytes again"
