"""Folders as a stream of bytes: tar in GNU's format, packed and unpacked in constant memory.

Host and sandbox both use this; standard library only. Names in the stream are relative to the folder, `.` first, in
order of names; links stay links. What could not be read is there by its name, as a member of a kind of ours. What comes
in may be hostile: only files, folders and links are taken, every place is checked name by name, and no link is followed
on the way to it.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import tarfile
from tarfile import TarInfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 256 << 10
"""Bytes read at once; a packed piece has at most twice as many."""
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(_BLOCK)
_CODING = ("utf-8", "surrogateescape")
_LONG = {tarfile.GNUTYPE_LONGNAME: "name", tarfile.GNUTYPE_LONGLINK: "linkname"}
_LONGEST = 8192  # bytes of a name
_DEEPEST = 256  # folders in each other
_FUTURE = 1 << 40  # seconds since 1970
_TOLD = 1000  # names of what was left out
_UNREAD = b"U"  # a kind of member of our own: what stands at a place and could not be read
_WRITABLE_FOLDER = 0o700  # what is unpacked into a folder, and moves with it, needs that
_HARMLESS = 0o755  # of what is not trusted: nobody else may write


class ArchiveError(Exception):
    """A stream that is no archive of a folder, or holds what may not be in one."""


def pack(root: str, *, lenient: bool = False) -> Iterator[bytes]:
    """A folder as a stream. Raises OSError where something cannot be read.

    A file that grows meanwhile is cut at its first length, one that shrinks is filled up with zeros, one that vanishes
    is left out. Sockets, pipes and devices are left out. With `lenient`, so are other file systems, and what in the
    folder may not be read is named instead.
    """
    buffer = bytearray()
    for piece in _packed(root, lenient=lenient):
        buffer += piece
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def receive(pieces: Iterator[bytes], target: str, *, trusted: bool) -> list[str]:
    """Unpack a stream into the folder `target`, new or there, once all of it has come; tells what was left out.

    Until then it lies in a folder of its own beside. Into a folder that is there it is merged: files and links replace
    files and links, and nothing is moved where a folder stands in the way of something else or the reverse. Raises
    ArchiveError and OSError, with nothing done. What is not `trusted` gets no mode that lets others write, and links
    that lead out of the folder are left out. What was left out is told, the first thousand by name.
    """
    there = os.path.isdir(target)
    part = f"{target if there else os.path.dirname(target)}/.{secrets.token_hex(6)}.part"
    try:
        os.mkdir(part, _WRITABLE_FOLDER)
        left_out = _unpack(pieces, part, trusted=trusted)
        if not there:
            os.rename(part, target)
            return left_out
        for _ in _moves(part, target):
            pass
        for old, new in _moves(part, target):
            os.rename(old, new)
        return left_out
    finally:
        shutil.rmtree(part, ignore_errors=True)


def told(path: str) -> str:
    r"""A path, or a name, for the wire: always in Unicode, what of it is not UTF-8 written `\xHH`."""
    return os.fsencode(path).replace(b"\\", rb"\x5c").decode("utf-8", "backslashreplace")


# --- packing ----------------------------------------------------------------------------------------------------------


def _packed(root: str, *, lenient: bool) -> Iterator[bytes]:
    for path, status in _walk(root, lenient=lenient):
        name = os.path.relpath(path, root)
        try:
            yield from _member(name, path, status)
        except PermissionError:
            if not lenient:
                raise
            yield _refused(name)
    yield 2 * _END


def _walk(root: str, *, lenient: bool) -> Iterator[tuple[str, os.stat_result | None]]:
    """The folder itself and all in it, depth first, in order of names; without a status what may not be read."""
    device = os.stat(root).st_dev
    waiting = [(root, iter([""]))]
    while waiting:
        folder, names = waiting[-1]
        if (name := next(names, None)) is None:
            waiting.pop()
            continue
        path = f"{folder}/{name}" if name else folder
        try:
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                if lenient and status.st_dev != device:
                    continue
                waiting.append((path, iter(sorted(os.listdir(path)))))
        except FileNotFoundError:
            continue
        except PermissionError:
            if not lenient or path == root:
                raise
            yield path, None
            continue
        yield path, status


def _member(name: str, path: str, status: os.stat_result | None) -> Iterator[bytes]:
    """One member: its header, then a file's bytes padded to a block. Raises PermissionError before the header."""
    if status is None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    info = TarInfo(name)
    info.mode = stat.S_IMODE(status.st_mode)
    info.mtime = int(status.st_mtime)
    if stat.S_ISREG(status.st_mode):
        yield from _file_member(info, path)
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
        yield _header(info)
    elif stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(path)
        yield _header(info)


def _file_member(info: TarInfo, path: str) -> Iterator[bytes]:
    """A file, whose length is told before its bytes."""
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
    yield bytes(-info.size % _BLOCK)


def _refused(name: str) -> bytes:
    info = TarInfo(name)
    info.type = _UNREAD
    return _header(info)


def _open_now(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _header(info: TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, *_CODING)


# --- unpacking --------------------------------------------------------------------------------------------------------


class _Source:
    """The stream by numbers of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def some(self, most: int) -> memoryview:
        """At least one byte and `most` at most."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                raise ArchiveError("it ends too early")
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    def exactly(self, length: int) -> bytes:
        """So many bytes."""
        taken = bytearray()
        while len(taken) < length:
            taken += self.some(length - len(taken))
        return bytes(taken)

    def members(self) -> Iterator[TarInfo]:
        """What comes; a file's bytes are to be taken before the next one."""
        long: dict[str, str] = {}
        while (block := self.exactly(_BLOCK)) != _END:
            info = _parsed(block)
            if info.type in _LONG and info.size <= _LONGEST:
                name = self.exactly(info.size + -info.size % _BLOCK)
                long[_LONG[info.type]] = name.partition(b"\0")[0].decode(*_CODING)
                continue
            info.name, info.linkname = long.get("name", info.name), long.get("linkname", info.linkname)
            long.clear()
            yield info
        for _ in self._pieces:  # the end of its carrier is part of it
            pass


def _parsed(block: bytes) -> TarInfo:
    try:
        info = TarInfo.frombuf(block, *_CODING)
    except tarfile.HeaderError as error:
        raise ArchiveError(f"it is no tar stream: {error}") from None
    if info.size < 0 or not 0 <= info.mtime < _FUTURE:
        raise ArchiveError(f"{info.name!r} has {info.size} bytes and was changed at {info.mtime}, which cannot be")
    return info


def _unpack(pieces: Iterator[bytes], into: str, *, trusted: bool) -> list[str]:
    source = _Source(pieces)
    left_out: list[str] = []
    for info in source.members():
        try:
            path, depth = _place(into, info.name)
            if info.type != _UNREAD and (trusted or not info.issym() or _stays(info.linkname, depth)):
                _make(source, info, path, trusted=trusted)
            elif len(left_out) < _TOLD:
                left_out.append(told(os.path.relpath(path, into)))
        except FileExistsError:
            raise ArchiveError(f"{info.name!r} comes twice") from None
    return left_out


def _make(source: _Source, info: TarInfo, path: str, *, trusted: bool) -> None:
    mode = info.mode & (0o777 if trusted else _HARMLESS)
    match info.type:
        case tarfile.DIRTYPE:
            _make_folder(path)
            os.chmod(path, mode | _WRITABLE_FOLDER)
        case tarfile.REGTYPE | tarfile.AREGTYPE:
            _write(source, info, path, mode if trusted else mode | 0o600)
        case tarfile.SYMTYPE:
            os.symlink(info.linkname, path)
        case _:
            raise ArchiveError(f"{info.name!r} is neither a file, a folder nor a link")


def _place(into: str, name: str) -> tuple[str, int]:
    """Where a member goes, its folders made, and how many those are. A name that leaves the folder is refused."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if len(parts) > _DEEPEST:
        raise ArchiveError(
            f"{name[:50]!r}... lies {len(parts) - 1} folders deep, and {_DEEPEST} are allowed with its own"
        )
    if name.startswith("/") or ".." in parts:
        raise ArchiveError(f"{name[:200]!r} is no place in the folder")
    path = into
    for part in parts[:-1]:
        path = f"{path}/{part}"
        _make_folder(path)
    return "/".join([path, *parts[-1:]]), max(0, len(parts) - 1)


def _make_folder(path: str) -> None:
    """Make a folder unless it is there; what is there and none, a link to one too, is in the way."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if not _is_folder(path):
            raise


def _write(source: _Source, info: TarInfo, path: str, mode: int) -> None:
    with open(path, "xb") as file:
        left = info.size
        while left:
            left -= file.write(source.some(min(left, PIECE)))
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.utime(file.fileno(), (info.mtime, info.mtime))
    if padding := -info.size % _BLOCK:
        source.exactly(padding)


def _stays(link: str, depth: int) -> bool:
    """Whether a link so deep in the folder stays in it, wherever other links lead that stay in it too.

    Steps up are allowed at the beginning only: after a name, which may be a link, they would lead anywhere.
    """
    steps = [part for part in link.split("/") if part not in {"", "."}]
    ups = next((index for index, step in enumerate(steps) if step != ".."), len(steps))
    return not link.startswith("/") and ups <= depth and ".." not in steps[ups:]


def _moves(part: str, target: str) -> Iterator[tuple[str, str]]:
    """What has to be renamed to merge one folder into another. Raises OSError where something is in the way."""
    waiting = [(part, target)]
    while waiting:
        source, folder = waiting.pop()
        with os.scandir(source) as entries:
            for entry in entries:
                there = f"{folder}/{entry.name}"
                comes_folder, stands_folder = entry.is_dir(follow_symlinks=False), _is_folder(there)
                if comes_folder and stands_folder:
                    waiting.append((entry.path, there))
                elif os.path.lexists(there) and (comes_folder or stands_folder):
                    kind = errno.EISDIR if stands_folder else errno.ENOTDIR
                    raise OSError(kind, os.strerror(kind), there)
                else:
                    yield entry.path, there


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
