"""Files between the host's disk and a sandbox that is not trusted."""

from __future__ import annotations

import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.errors import FileFailed, UsageError
from harness.sandbox.transfer import collect, pieces, save
from sandbox_image.wire import ErrorCode, FileInfo, Refused

FILE = FileInfo(path="/x", type="file", bytes=4)
FOLDER = FileInfo(path="/x", type="folder", bytes=0)


async def stream(*items: FileInfo | bytes, ended: list[str] | None = None) -> AsyncIterator[FileInfo | bytes]:
    try:
        for item in items:
            yield item
    finally:
        if ended is not None:
            ended.append("ended")


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()]


def archive(*members: tuple[str, bytes], link: tuple[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo(link[0])
            info.type, info.linkname = tarfile.SYMTYPE, link[1]
            tar.addfile(info)
    return out.getvalue()


async def test_a_file_is_collected_from_its_pieces() -> None:
    assert await collect(stream(FILE, b"ab", b"cd"), 4) == b"abcd"


async def test_a_folder_is_not_taken_for_a_file() -> None:
    with pytest.raises(FileFailed, match="bring it with get"):
        await collect(stream(FOLDER, archive()), 1 << 20)


async def test_more_than_the_limit_is_refused_and_the_stream_is_ended(tmp_path: Path) -> None:
    ended: list[str] = []
    for attempt in (
        collect(stream(FILE, b"ab", b"cd", ended=ended), 3),
        save(stream(FILE, b"abcd"), tmp_path / "x", 3),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.failure.code is ErrorCode.OVERSIZED
    assert ended == ["ended"]
    assert files(tmp_path) == []


async def test_a_file_is_saved_whole_over_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"before")
    await save(stream(FILE, b"ab", b"cd"), tmp_path / "x", 4)
    assert (tmp_path / "x").read_bytes() == b"abcd"
    assert files(tmp_path) == ["x"]


async def breaking() -> AsyncIterator[FileInfo | bytes]:
    yield FILE
    yield b"ab"
    raise Refused(ErrorCode.FILE_ERROR, "broke off")


async def test_a_file_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"before")
    with pytest.raises(Refused):
        await save(breaking(), tmp_path / "x", 4)
    assert (tmp_path / "x").read_bytes() == b"before"
    assert files(tmp_path) == ["x"]


async def test_a_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        await save(stream(FILE, b"abcd"), tmp_path, 4)


async def test_a_folder_is_unpacked(tmp_path: Path) -> None:
    await save(stream(FOLDER, archive(("a", b"1"), ("b/c", b"2"))), tmp_path / "out", 1 << 20)
    assert (tmp_path / "out" / "b" / "c").read_bytes() == b"2"


@pytest.mark.parametrize(
    "data",
    [
        archive(("../escaped", b"x")),
        archive(link=("link", "/etc/passwd")),
        archive(link=("link", "../..")),
        b"no archive at all",
    ],
)
async def test_an_archive_gets_nothing_out_of_its_folder(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileFailed, match="refused"):
        await save(stream(FOLDER, data), tmp_path / "in" / "out", 1 << 20)
    assert files(tmp_path) == []


async def test_a_local_file_and_bytes_come_in_pieces(tmp_path: Path) -> None:
    data = bytes(200_000)
    (tmp_path / "x").write_bytes(data)
    for source in (data, tmp_path / "x", str(tmp_path / "x")):
        parts = [piece async for piece in pieces(source)]
        assert (b"".join(parts), max(map(len, parts))) == (data, 1 << 16)
    assert [piece async for piece in pieces(b"")] == []


@pytest.mark.parametrize("name", ["none", "."])
async def test_what_cannot_be_read_is_said_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        await anext(pieces(tmp_path / name))
