"""Reading and writing files with the desktop user's rights, in pieces of bounded size.

A folder is a tar stream: names relative to it, `.` first, links as links; sockets, pipes, devices and folders on
other file systems are left out. A file is written beside its place and renamed, so it is there whole or not at all.
Plain functions that block: the worker calls them in a thread.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import tarfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sandbox_image.channel import PIECE, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = tarfile.BLOCKSIZE


class Info(NamedTuple):
    """What stands at a path: the fields of `wire.FileInfo`."""

    path: str
    type: str  # "file" or "folder"
    bytes: int


def home() -> Path:
    """The desktop user's home; the root folder where the environment names none that is there."""
    named = Path(os.environ.get("HOME", "/"))
    return named if named.is_dir() else Path("/")


def absolute(path: str) -> str:
    """A path as a person writes it: `~` is home, and a relative one starts there."""
    if path == "~" or path.startswith("~/"):
        path = f".{path[1:]}"
    return os.path.normpath(home() / path)


def open_content(path: str) -> tuple[Info, Iterator[bytes]]:
    """What stands at a path and its content. Raises Fault, as the iterator does."""
    full = absolute(path)
    with _told(f"read {full}"):
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe does not hold us up
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            return Info(full, "file", status.st_size), _pieces(full, descriptor)
        os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        return Info(full, "folder", 0), _folder(full)
    raise Fault("file_error", f"cannot read {full}: it is {_special(status.st_mode)}, neither a file nor a folder")


class Upload:
    """A file on its way: `write` pieces, then `commit`; `abort` leaves nothing behind. All raise Fault."""

    def __init__(self, path: str, mode: int) -> None:
        self._path = absolute(path)
        self._mode = mode
        self._size = 0
        self._made: list[str] = []
        self._descriptor = -1
        with _told(f"write {self._path}"):
            _check_place(self._path, folder_meant=path.endswith("/"))
            self._path = os.path.realpath(self._path)
            folder, name = os.path.split(self._path)
            self._part = f"{folder}/.{name[:100]}.{secrets.token_hex(6)}.part"
            try:
                self._make_folders(folder)
                self._descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError:
                self.abort()
                raise

    def write(self, piece: bytes) -> None:
        """Add to the file."""
        rest = memoryview(piece)
        with _told(f"write {self._path}"):
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        self._size += len(piece)

    def commit(self) -> Info:
        """Put the file in its place."""
        with _told(f"write {self._path}"):
            os.fchmod(self._descriptor, self._mode)
            os.rename(self._part, self._path)  # noqa: PTH104 - paths are strings throughout
            self._made.clear()
        return Info(self._path, "file", self._size)

    def abort(self) -> None:
        """Remove what was begun; nothing after a commit but closing the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with suppress(OSError):
            os.unlink(self._part)  # noqa: PTH108 - paths are strings throughout
        with suppress(OSError):  # somebody uses the folder by now
            while self._made:
                os.rmdir(self._made.pop())  # noqa: PTH106 - paths are strings throughout

    def _make_folders(self, folder: str) -> None:
        missing = []
        while not os.path.lexists(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)  # noqa: PTH120 - paths are strings throughout
        for path in reversed(missing):
            os.mkdir(path)  # noqa: PTH102 - paths are strings throughout
            self._made.append(path)


def _check_place(path: str, *, folder_meant: bool) -> None:
    """Refuse to replace what is not a file."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - paths are strings throughout
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode) or folder_meant:
        raise Fault("file_error", f"cannot write {path}: it is a folder; name the file in it")
    if not stat.S_ISREG(mode):
        raise Fault("file_error", f"cannot write {path}: it is {_special(mode)}, not a file")


def _pieces(path: str, descriptor: int) -> Iterator[bytes]:
    """The bytes of an open file until its end, wherever that is by then."""
    with _told(f"read {path}"), os.fdopen(descriptor, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def _folder(root: str) -> Iterator[bytes]:
    """A folder as tar, in constant memory."""
    root = os.path.realpath(root)
    with _told(f"read {root}"):
        device = os.stat(root).st_dev  # noqa: PTH116 - paths are strings throughout
        for path, status in _walk(root, device):
            yield from _member(root, path, status)
        yield bytes(2 * _BLOCK)


def _walk(path: str, device: int) -> Iterator[tuple[str, os.stat_result]]:
    """The folder itself and all in it, depth first, in order of names; what vanishes meanwhile is left out."""
    try:
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - paths are strings throughout
        if stat.S_ISDIR(status.st_mode):
            if status.st_dev != device:
                return
            names = sorted(os.listdir(path))  # noqa: PTH208 - names only
        else:
            names = []
    except FileNotFoundError:
        return
    yield path, status
    for name in names:
        yield from _walk(f"{path}/{name}", device)


def _member(root: str, path: str, status: os.stat_result) -> Iterator[bytes]:
    """One member: its header, then a file's bytes padded to a block."""
    info = tarfile.TarInfo(os.path.relpath(path, root))
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(path)  # noqa: PTH115 - as it is written, not as a path
    elif stat.S_ISREG(status.st_mode):
        yield from _file_member(info, path)
        return
    else:
        return
    yield _header(info)


def _file_member(info: tarfile.TarInfo, path: str) -> Iterator[bytes]:
    """A file whose length is told before its bytes: cut where it grows meanwhile, filled up where it shrinks."""
    with _told(f"read {path}"):
        try:
            file = open(path, "rb", buffering=0, opener=_open_now)  # noqa: SIM115 - closed by the with below
        except FileNotFoundError:
            return
        with file:
            left = info.size = os.fstat(file.fileno()).st_size
            yield _header(info)
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece
    for start in range(0, left, PIECE):
        yield bytes(min(PIECE, left - start))
    if padding := -info.size % _BLOCK:
        yield bytes(padding)


def _open_now(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _special(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """Turn what the file system says into a Fault with a sentence; a Fault from further inside goes through."""
    try:
        yield
    except FileNotFoundError as error:
        raise Fault("not_found", f"cannot {doing}: {_nearest(doing.partition(' ')[2], error)}") from None
    except PermissionError as error:
        raise Fault("denied", f"cannot {doing} as the desktop user: {error.strerror}") from None
    except (OSError, ValueError) as error:
        raise Fault("file_error", f"cannot {doing}: {_reason(error)}") from None


def _nearest(path: str, error: OSError) -> str:
    """What is missing, and the nearest folder that is there."""
    for parent in Path(path).parents:
        if parent.is_dir():
            return f"{error.strerror}; the nearest folder that exists is {parent}"
    return f"{error.strerror}"


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return str(error)
    hints = {
        errno.ENOSPC: "; remove files, or start the sandbox with more room",
        errno.EROFS: "; home (~) and /tmp can be written",
        errno.ENXIO: "; it is a socket, or a device without a driver",
    }
    return f"{error.strerror}{hints.get(error.errno or 0, '')}"
