"""What is behind the fake screen: files in a dict and a shell of a few commands."""

from __future__ import annotations

import io
import posixpath
import shlex
import tarfile
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TypeAlias

from sandbox_image.wire import ErrorCode, Exit, FileInfo, Output, ReadFile, Refused, Shell, WriteFile

HOME = "/home/user"
_WRITABLE = (HOME, "/tmp")  # noqa: S108 - a path in the fake, as in the sandbox
_PIECE = 1 << 16

ShellHandler: TypeAlias = Callable[[str], tuple[str, int]]
"""From a command to its output and exit code. Raising TimeoutError stands for a command that took too long."""


class FakeFiles:
    """Files by absolute path; folders are what lies before a slash."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    async def read(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """As `Guest.read_file`."""
        path = absolute(request.path)
        data = self.content.get(path)
        inner = {name[len(path) + 1 :]: one for name, one in self.content.items() if name.startswith(f"{path}/")}
        if data is None and not inner:
            raise Refused(ErrorCode.NOT_FOUND, f"{path} does not exist")
        yield FileInfo(path=path, type="folder" if data is None else "file", bytes=len(data or b""))
        data = _archive(inner) if data is None else data
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    async def write(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """As `Guest.write_file`: nothing is there until all of it came."""
        path = absolute(request.path)
        if not any(path.startswith(f"{root}/") for root in _WRITABLE):
            raise Refused(ErrorCode.DENIED, f"{path} cannot be written; write below {' or '.join(_WRITABLE)}")
        if any(name.startswith(f"{path}/") for name in self.content):
            raise Refused(ErrorCode.FILE_ERROR, f"{path} is a folder; name the file to write")
        data = b"".join([piece async for piece in content])
        self.content[path] = data
        return FileInfo(path=path, type="file", bytes=len(data))


def absolute(path: str) -> str:
    """A path from the home of the desktop user."""
    return posixpath.normpath(posixpath.join(HOME, path))


async def run(handler: ShellHandler, request: Shell) -> AsyncIterator[Output | Exit]:
    """As `Guest.shell`."""
    if not request.command:
        yield Exit(code=0)
        return
    try:
        output, code = handler(request.command)
    except TimeoutError:
        yield Exit(code=None, timed_out=True)
        return
    kept, omitted = _cut(output.encode(), request.max_output)
    if kept:
        yield Output(text=kept.decode(errors="replace"))
    yield Exit(code=code, omitted=omitted)


def little_shell(files: FakeFiles) -> ShellHandler:
    """A shell that knows true, false, echo, cat, exit and sleep; a sleep always takes too long."""

    def handle(command: str) -> tuple[str, int]:
        words = shlex.split(command)
        match words:
            case ["echo", *said]:
                return " ".join(said) + "\n", 0
            case ["cat", path]:
                data = files.content.get(absolute(path))
                return (f"cat: {path}: No such file or directory\n", 1) if data is None else (data.decode(), 0)
            case ["true"] | ["false"]:
                return "", int(words == ["false"])
            case ["exit", code]:
                return "", int(code)
            case ["sleep", _]:
                raise TimeoutError
            case _:
                return f"{command}: command not found\n", 127

    return handle


def _cut(data: bytes, limit: int) -> tuple[bytes, int]:
    """The first and the last half of what is kept, and how much lies between them."""
    omitted = max(0, len(data) - limit)
    return (data[: limit // 2] + data[len(data) - limit + limit // 2 :], omitted) if omitted else (data, 0)


def _archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()
