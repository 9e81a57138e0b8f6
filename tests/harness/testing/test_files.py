"""The fake's files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import AsyncIterator

import pytest

from harness.testing.files import FakeFiles, absolute
from sandbox_image.wire import (
    Entry,
    ErrorCode,
    FileInfo,
    FindFile,
    FolderPage,
    ListFolder,
    ReadFile,
    Refused,
    WriteFile,
)


async def content(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read(files: FakeFiles, path: str) -> tuple[FileInfo, bytes]:
    info, *pieces = [item async for item in files.read(ReadFile(path=path))]
    assert isinstance(info, FileInfo)
    return info, b"".join(piece for piece in pieces if isinstance(piece, bytes))


async def test_a_file_is_written_and_read() -> None:
    files = FakeFiles()
    info = await files.write(WriteFile(path="a/b"), content(b"12", b"34"))
    assert info == FileInfo(path="/home/user/a/b", type="file", bytes=4, mode=0o644)
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


def test_paths_start_at_the_home_of_the_desktop_user() -> None:
    assert [absolute(path) for path in ("x", "/x", "a/../b")] == ["/home/user/x", "/x", "/home/user/b"]


def packed(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return out.getvalue()


async def test_a_folder_is_unpacked_unless_something_is_in_the_way() -> None:
    files = FakeFiles({"/home/user/d/x/y": b"old"})
    await files.write(WriteFile(path="d", unpack=True), content(packed("a", "b/c")))
    before = dict(files.content)
    assert list(before) == ["/home/user/d/x/y", "/home/user/d/a", "/home/user/d/b/c"]
    for name in ("x", "a/below"):
        with pytest.raises(Refused) as refused:
            await files.write(WriteFile(path="d", unpack=True), content(packed("new", name)))
        assert refused.value.failure.code is ErrorCode.FILE_ERROR
    assert files.content == before


async def test_links_are_told_and_followed_at_the_end_of_a_path() -> None:
    files = FakeFiles({"/home/user/real": b"1"}, {"/home/user/link": "./real"})
    await files.write(WriteFile(path="link"), content(b"2"))
    entry = files.do(FindFile(path="link"))
    assert isinstance(entry, Entry)
    assert (entry.type, entry.target, files.content) == ("link", "./real", {"/home/user/real": b"2"})


@pytest.mark.parametrize(("path", "names"), [("/", ["home", "tmp"]), ("~", []), ("../../tmp", [])])
def test_home_and_tmp_are_there_from_the_start(path: str, names: list[str]) -> None:
    page = FakeFiles().do(ListFolder(path=path))
    assert isinstance(page, FolderPage)
    assert [entry.name for entry in page.entries] == names
