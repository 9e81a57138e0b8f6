"""The fake's files and its little shell."""

from __future__ import annotations

import io
import tarfile
from collections.abc import AsyncIterator

import pytest

from harness.testing.computer import FakeFiles, absolute, little_shell, run
from sandbox_image.wire import ErrorCode, Exit, FileInfo, Output, ReadFile, Refused, Shell, WriteFile


async def content(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read(files: FakeFiles, path: str) -> tuple[FileInfo, bytes]:
    info, *pieces = [item async for item in files.read(ReadFile(path=path))]
    assert isinstance(info, FileInfo)
    return info, b"".join(piece for piece in pieces if isinstance(piece, bytes))


def shell(command: str, **fields: int) -> Shell:
    return Shell.model_validate({"id": "shell-0001", "command": command, **fields})


async def said(request: Shell) -> list[Output | Exit]:
    files = FakeFiles()
    files.content["/home/user/note"] = b"text"
    return [event async for event in run(little_shell(files), request)]


async def test_a_file_is_written_and_read() -> None:
    files = FakeFiles()
    info = await files.write(WriteFile(path="a/b"), content(b"12", b"34"))
    assert info == FileInfo(path="/home/user/a/b", type="file", bytes=4)
    assert await read(files, "a/b") == (info, b"1234")


async def test_a_folder_is_read_as_an_archive() -> None:
    files = FakeFiles()
    files.content = {"/home/user/a/b": b"1", "/home/user/a/c/d": b"2", "/home/user/ab": b"3"}
    info, data = await read(files, "a")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert (info.type, archive.getnames()) == ("folder", ["b", "c/d"])


@pytest.mark.parametrize(
    ("path", "code"),
    [("/etc/x", ErrorCode.DENIED), ("../x", ErrorCode.DENIED), ("folder", ErrorCode.FILE_ERROR)],
)
async def test_writes_are_refused_as_in_the_sandbox(path: str, code: ErrorCode) -> None:
    files = FakeFiles()
    files.content["/home/user/folder/x"] = b""
    with pytest.raises(Refused) as refused:
        await files.write(WriteFile(path=path), content(b"x"))
    assert refused.value.failure.code is code


async def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(Refused) as refused:
        await read(FakeFiles(), "none")
    assert refused.value.failure.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("command", "events"),
    [
        ("echo 'a  b' c", [Output(text="a  b c\n"), Exit(code=0)]),
        ("true", [Exit(code=0)]),
        ("false", [Exit(code=1)]),
        ("exit 7", [Exit(code=7)]),
        ("cat note", [Output(text="text"), Exit(code=0)]),
        ("cat none", [Output(text="cat: none: No such file or directory\n"), Exit(code=1)]),
        ("sleep 9", [Exit(code=None, timed_out=True)]),
        ("make", [Output(text="make: command not found\n"), Exit(code=127)]),
        ("", [Exit(code=0)]),
    ],
)
async def test_the_little_shell(command: str, events: list[Output | Exit]) -> None:
    assert await said(shell(command)) == events


async def test_long_output_loses_its_middle() -> None:
    (output, end) = await said(shell(f"echo {'a' * 1000}{'b' * 1000}", max_output=1000))
    assert output == Output(text="a" * 500 + "b" * 499 + "\n")
    assert end == Exit(code=0, omitted=1001)


def test_paths_start_at_the_home_of_the_desktop_user() -> None:
    assert [absolute(path) for path in ("x", "/x", "a/../b")] == ["/home/user/x", "/x", "/home/user/b"]
