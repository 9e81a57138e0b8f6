"""Files between the host's disk and a sandbox that is not trusted."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.errors import FileFailed, UsageError
from harness.sandbox.transfer import collect, save, sent, source
from sandbox_image.archive import PIECE
from sandbox_image.wire import ErrorCode, FileInfo, Refused

FILE = FileInfo(path="/x", type="file", bytes=4, mode=0o640)
FOLDER = FileInfo(path="/x", type="folder", bytes=0, mode=0o755)


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
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
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


async def test_a_link_out_of_the_folder_costs_nothing_but_itself_and_is_named(tmp_path: Path) -> None:
    data = archive(("sub/a", b"1"), link=("sub/link", "/etc/passwd"))
    saved = await save(stream(FOLDER, data), tmp_path / "out", 1 << 20)
    assert (saved.type, saved.left_out) == ("folder", ("sub/link",))
    assert files(tmp_path) == ["out/sub/a"]


@pytest.mark.parametrize(
    "data",
    [
        archive(("../escaped", b"x")),
        b"no archive at all",
    ],
)
async def test_an_archive_gets_nothing_out_of_its_folder(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileFailed, match="refused"):
        await save(stream(FOLDER, data), tmp_path / "in" / "out", 1 << 20)
    assert files(tmp_path) == []


async def test_a_folder_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out" / "a").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"directory \(.*/out/a\)"):
        await save(stream(FOLDER, archive(("b", b"1"), ("a", b"1"))), tmp_path / "out", None)
    assert files(tmp_path) == []


async def test_a_saved_file_keeps_what_is_harmless_of_its_mode(tmp_path: Path) -> None:
    await save(stream(FILE.model_copy(update={"mode": 0o4777})), tmp_path / "x", None)
    await save(stream(FILE.model_copy(update={"mode": 0})), tmp_path / "y", None)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "xy"] == [0o755, 0o600]


async def test_a_cancelled_transfer_leaves_nothing_and_ends_the_stream(tmp_path: Path) -> None:
    came, ended = asyncio.Event(), asyncio.Event()

    async def endless(info: FileInfo) -> AsyncIterator[FileInfo | bytes]:
        yield info
        yield archive(("a", b"1"))[:512]
        came.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    for info in (FILE, FOLDER):
        came.clear()
        ended.clear()
        task = asyncio.create_task(save(endless(info), tmp_path / "x", None))
        await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        assert files(tmp_path) == []


async def test_progress_is_told_both_ways(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    await save(stream(FILE, b"ab", b"cd"), tmp_path / "x", None, lambda *done: told.append(done))
    await save(stream(FOLDER, archive()), tmp_path / "y", None, lambda *done: told.append(done))
    assert [piece async for piece in sent(source(tmp_path / "x"), lambda *done: told.append(done))] == [b"abcd"]
    assert told == [(2, 4), (4, 4), (10240, None), (4, 4)]


async def test_a_local_file_and_bytes_come_in_pieces(tmp_path: Path) -> None:
    data = bytes(600_000)
    (tmp_path / "x").write_bytes(data)
    (tmp_path / "x").chmod(0o700)
    for what, mode in ((data, None), (tmp_path / "x", 0o700), (str(tmp_path / "x"), 0o700)):
        found = source(what)
        parts = [piece async for piece in sent(found)]
        assert (b"".join(parts), max(map(len, parts))) == (data, PIECE)
        assert (found.bytes, found.mode, found.folder) == (600_000, mode, False)
    assert [piece async for piece in sent(source(b""))] == []


async def test_a_local_folder_comes_as_an_archive(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"content")
    found = source(tmp_path)
    data = b"".join([piece async for piece in sent(found)])
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert tar.getnames() == [".", "x"]
    assert (found.bytes, found.mode, found.folder) == (None, None, True)


@pytest.mark.parametrize(("name", "says"), [("none", "cannot be read: No such file"), ("pipe", "neither a file")])
def test_what_cannot_be_read_is_said_before_anything_is_sent(tmp_path: Path, name: str, says: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=says):
        source(tmp_path / name)
