"""Files behind the fake screen, in a dict."""

from __future__ import annotations

import io
import posixpath
import tarfile
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import assert_never

from sandbox_image.wire import (
    Done,
    Entry,
    ErrorCode,
    FileAction,
    FileInfo,
    FindFile,
    FolderPage,
    ListFolder,
    ReadFile,
    Refused,
    RemoveFile,
    WriteFile,
)

HOME = "/home/user"
_WRITABLE = (HOME, "/tmp")  # noqa: S108 - a path in the fake, as in the sandbox
_PIECE = 1 << 16
_MODE = 0o644
_FOLDER = 0o755


@dataclass
class FakeFiles:
    """Files by absolute path, and links with where they point; folders are what lies before a slash."""

    content: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)  # 644 where there is none
    changed: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.time)  # noqa: TID251 - a file's date

    async def read(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """As `Guest.read_file`."""
        path = self._real(absolute(request.path))
        if not self.exists(path):
            raise _not_found(path)
        file = path in self.content
        data = self.content[path] if file else self._archive(path)
        mode = self.modes.get(path, _MODE) if file else _FOLDER
        yield FileInfo(path=path, type="file" if file else "folder", bytes=len(data) if file else 0, mode=mode)
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    async def write(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """As `Guest.write_file`: nothing is there until all of it came."""
        path = self._real(absolute(request.path))
        writable = any(path.startswith(f"{root}/") or (request.unpack and path == root) for root in _WRITABLE)
        if not writable:
            raise Refused(ErrorCode.DENIED, f"{path} cannot be written; write below {' or '.join(_WRITABLE)}")
        self._check(path, folder=request.unpack)
        data = b"".join([piece async for piece in content])
        if request.unpack:
            self._unpack(path, data)
            return FileInfo(path=path, type="folder", bytes=0, mode=_FOLDER)
        mode = self.modes.get(path, _MODE) if request.mode is None else request.mode
        self._keep(path, data, mode)
        return FileInfo(path=path, type="file", bytes=len(data), mode=mode)

    def do(self, action: FileAction) -> FolderPage | Entry | Done:
        """What is asked of files in a `Perform`."""
        match action:
            case ListFolder(path=path):
                return self._page(absolute(path), action.after, action.limit)
            case FindFile(path=path):
                if not self.exists(absolute(path)):
                    raise _not_found(absolute(path))
                return self._entry(absolute(path))
            case RemoveFile(path=path):
                self._remove(absolute(path))
                return Done()
        assert_never(action)

    def _remove(self, path: str) -> None:
        if not self.exists(path):
            raise _not_found(path)
        if not path.startswith(tuple(f"{root}/" for root in _WRITABLE)):
            raise Refused(
                ErrorCode.DENIED, f"{path} cannot be removed; only what is below {' or '.join(_WRITABLE)} can"
            )
        for name in [path, *(posixpath.join(path, name) for name in self._below(path))]:
            for kept in (self.content, self.links, self.modes, self.changed):
                kept.pop(name, None)

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands at a path as the wire has it."""
        path = self._real(absolute(path))
        return self.exists(path) and path not in self.content

    def _page(self, path: str, after: str, limit: int) -> FolderPage:
        path = self._real(path)
        if not self.exists(path):
            raise _not_found(path)
        if path in self.content:
            raise Refused(ErrorCode.FILE_ERROR, f"cannot list {path}: it is a file, not a folder")
        names = sorted({name.split("/")[0] for name in self._below(path)} - {""}, key=str.encode)
        rest = [name for name in names if name.encode() > after.encode()]
        page = tuple(self._entry(posixpath.join(path, name)) for name in rest[:limit])
        return FolderPage(path=path, entries=page, after=rest[limit - 1] if len(rest) > limit else None)

    def _entry(self, path: str) -> Entry:
        tell = partial(Entry, name=posixpath.basename(path), modified=self.changed.get(path, self.began))
        if path in self.links:
            return tell(type="link", bytes=len(self.links[path]), mode=0o777, target=self.links[path])
        if path in self.content:
            return tell(type="file", bytes=len(self.content[path]), mode=self.modes.get(path, _MODE))
        return tell(type="folder", bytes=0, mode=_FOLDER)

    def _below(self, path: str) -> list[str]:
        """What is in a folder, by names that begin there."""
        start = path.rstrip("/") + "/"
        return [name[len(start) :] for name in (*self.content, *self.links, *_WRITABLE) if name.startswith(start)]

    def exists(self, path: str) -> bool:
        """Whether anything is at an absolute path."""
        return path in self.content or path in self.links or path in _WRITABLE or bool(self._below(path))

    def _real(self, path: str) -> str:
        """Where a path leads, a link at its end followed."""
        seen: set[str] = set()
        while path in self.links and path not in seen:
            seen.add(path)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), self.links[path]))
        return path

    def _check(self, path: str, *, folder: bool) -> None:
        """Refuse what stands in the way."""
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(2, len(parts) + bool(folder))]
        if in_the_way := next((one for one in above if one in self.content), None):
            raise Refused(ErrorCode.FILE_ERROR, f"cannot write {path}: {in_the_way} is a file")
        if not folder and self._below(path):
            raise Refused(ErrorCode.FILE_ERROR, f"cannot write {path}: it is a folder; name the file in it")

    def _keep(self, path: str, data: bytes, mode: int) -> None:
        self.links.pop(path, None)
        self.content[path], self.modes[path], self.changed[path] = data, mode, time.time()  # noqa: TID251 - the same

    def _unpack(self, path: str, data: bytes) -> None:
        moves: list[Callable[[], None]] = []
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                place = posixpath.normpath(posixpath.join(path, member.name))
                if not member.isdir():
                    self._check(place, folder=False)
                if member.issym():
                    moves.append(partial(self.links.__setitem__, place, member.linkname))
                elif (file := archive.extractfile(member)) is not None:
                    moves.append(partial(self._keep, place, file.read(), member.mode))
        for move in moves:
            move()

    def _archive(self, path: str) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name in sorted(self._below(path)):
                place = posixpath.join(path, name)
                info = tarfile.TarInfo(name)
                if place in self.links:
                    info.type, info.linkname = tarfile.SYMTYPE, self.links[place]
                info.mode, info.mtime = self.modes.get(place, _MODE), int(self.changed.get(place, self.began))
                info.size = len(self.content.get(place, b""))
                archive.addfile(info, io.BytesIO(self.content.get(place, b"")))
        return out.getvalue()


def absolute(path: str) -> str:
    """A path from the home of the desktop user."""
    path = f".{path[1:]}" if path == "~" or path.startswith("~/") else path
    return posixpath.normpath(posixpath.join(HOME, path))


def _not_found(path: str) -> Refused:
    return Refused(ErrorCode.NOT_FOUND, f"{path} does not exist")
