"""Reading and writing files with the desktop user's rights, in pieces of bounded size.

A file is written beside its place and renamed, so it is there whole or not at all; so is a folder, which is a stream
as `archive` makes it. Plain functions that block: the worker calls them in a thread.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sandbox_image import archive
from sandbox_image.archive import PIECE, ArchiveError, told
from sandbox_image.channel import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTE = re.compile(rb"\\x([0-9a-f]{2})")
_MODE = 0o644  # of a new file


class Info(NamedTuple):
    """What stands at a path: the fields of `wire.FileInfo`."""

    path: str
    type: str  # "file" or "folder"
    bytes: int
    mode: int


def home() -> Path:
    """The desktop user's home; the root folder where the environment names none that is there."""
    named = Path(os.environ.get("HOME", "/"))
    return named if named.is_dir() else Path("/")


def absolute(path: str) -> str:
    r"""A path as the wire has it: `~` is home, a relative one starts there, and `\xHH` is a byte."""
    if path == "~" or path.startswith("~/"):
        path = f".{path[1:]}"
    return os.path.normpath(home() / os.fsdecode(meant(path)))


def meant(text: str) -> bytes:
    """The bytes of a path, or a name, as the wire has it: the reverse of `told`."""
    return _BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text))


def open_content(path: str) -> tuple[Info, Iterator[bytes]]:
    """What stands at a path and its content. Raises Fault, as the iterator does."""
    full = absolute(path)
    with refusing(f"read {told(full)}"):
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe does not hold us up
        status = os.fstat(descriptor)
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISREG(status.st_mode):
            return Info(told(os.path.realpath(full)), "file", status.st_size, mode), _pieces(full, descriptor)
        os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        return Info(told(os.path.realpath(full)), "folder", 0, mode), _folder(full)
    raise Fault(
        "file_error", f"cannot read {told(full)}: it is {_special(status.st_mode)}, neither a file nor a folder"
    )


def write(path: str, mode: int | None, pieces: Iterator[bytes]) -> Info:
    """Write a file from pieces; its mode stays that of the file that is there unless one is given. Raises Fault."""
    full = absolute(path)
    with refusing(f"write {told(full)}"):
        _check_file(full, folder_meant=path.endswith("/"))
        full = os.path.realpath(full)
        with _folders_for(full) as folder:
            return _write(full, f"{folder}/.{secrets.token_hex(6)}.part", mode, pieces)


def write_folder(path: str, pieces: Iterator[bytes]) -> Info:
    """Unpack a folder's stream into a folder, new or there. Raises Fault, with nothing done."""
    full = os.path.realpath(absolute(path))
    with refusing(f"write {told(full)}"):
        if os.path.lexists(full) and not os.path.isdir(full):
            raise Fault(
                "file_error", f"cannot write the folder {told(full)}: it is a file; remove it or take another name"
            )
        with _folders_for(full):
            archive.receive(pieces, full, trusted=True)
        return Info(told(full), "folder", 0, stat.S_IMODE(os.stat(full).st_mode))


def remove(path: str) -> None:
    """Remove a file or a link, or a folder with all in it. Raises Fault."""
    full = absolute(path)
    with refusing(f"remove {told(full)}"):
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)
        else:
            os.unlink(full)


def _write(full: str, part: str, mode: int | None, pieces: Iterator[bytes]) -> Info:
    try:
        with open(part, "xb") as file:
            file.writelines(pieces)
            file.flush()
            mode = _mode_at(full) if mode is None else mode
            os.fchmod(file.fileno(), mode)
            size = file.tell()
        os.rename(part, full)
    finally:
        with suppress(OSError):
            os.unlink(part)
    return Info(told(full), "file", size, mode)


@contextmanager
def _folders_for(path: str) -> Iterator[str]:
    """Make the folders that a path lacks; they go again where what is done meanwhile fails."""
    made: list[str] = []
    folder = os.path.dirname(path)
    try:
        for missing in reversed(_missing(folder)):
            os.mkdir(missing)
            made.append(missing)
        yield folder
    except BaseException:
        with suppress(OSError):  # somebody uses the folder by now
            while made:
                os.rmdir(made.pop())
        raise


def _missing(folder: str) -> list[str]:
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return missing


def _mode_at(path: str) -> int:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return _MODE


def _check_file(path: str, *, folder_meant: bool) -> None:
    """Refuse to replace what is not a file."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode) or folder_meant:
        raise Fault("file_error", f"cannot write {told(path)}: it is a folder; name the file in it")
    if not stat.S_ISREG(mode):
        raise Fault("file_error", f"cannot write {told(path)}: it is {_special(mode)}, not a file")


def _pieces(path: str, descriptor: int) -> Iterator[bytes]:
    """The bytes of an open file until its end, wherever that is by then."""
    with refusing(f"read {told(path)}"), os.fdopen(descriptor, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def _folder(path: str) -> Iterator[bytes]:
    with refusing(f"read {told(path)}"):
        yield from archive.pack(os.path.realpath(path), lenient=True)


def _special(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something special")


@contextmanager
def refusing(doing: str) -> Iterator[None]:
    """Turn what the file system says into a Fault with a sentence; a Fault from further inside goes through."""
    try:
        yield
    except FileNotFoundError as error:
        raise Fault("not_found", f"cannot {doing}: {_nearest(doing.partition(' ')[2], error)}") from None
    except PermissionError as error:
        raise Fault("denied", f"cannot {doing} as the desktop user: {_reason(error)}{_where(doing, error)}") from None
    except ArchiveError as error:
        raise Fault("file_error", f"cannot {doing}: the archive is refused: {error}") from None
    except (OSError, ValueError) as error:
        raise Fault("file_error", f"cannot {doing}: {_reason(error)}{_where(doing, error)}") from None


def _where(doing: str, error: OSError | ValueError) -> str:
    """The very path that was refused, where it is another one."""
    path = told(os.fsdecode(error.filename)) if isinstance(error, OSError) and error.filename else ""
    return f" ({path})" if path and not doing.endswith(path) and ".part" not in path else ""


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
