"""Files through a real worker process, which is never root."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox_image.archive import pack, receive
from sandbox_image.wire import ErrorCode, FileInfo, ReadFile, Refused, RemoveFile, WriteFile
from tests.support.guest_worker import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox_image.worker_link import Worker


async def read(worker: Worker, path: str) -> tuple[FileInfo, bytes]:
    events = [event async for event in worker.read_file(ReadFile(path=path))]
    info, *pieces = events
    assert isinstance(info, FileInfo)
    return info, b"".join(piece for piece in pieces if isinstance(piece, bytes))


async def write(worker: Worker, path: str, *pieces: bytes, mode: int = 0o644) -> FileInfo:
    return await worker.write_file(WriteFile(path=path, mode=mode), pieces_of(*pieces))


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def tar_of(worker: Worker, path: str) -> dict[str, tarfile.TarInfo]:
    _, content = await read(worker, path)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: member for member in tar.getmembers()}


@pytest.mark.parametrize("path", ["notes.txt", "~/notes.txt", "./x/../notes.txt"])
async def test_a_file_comes_back_as_it_was_written(worker: Worker, home: Path, path: str) -> None:
    content = os.urandom(700_000)
    info = await write(worker, path, content[:10], b"", content[10:])
    assert info == FileInfo(path=f"{home}/notes.txt", type="file", bytes=700_000, mode=0o644)
    assert await read(worker, path) == (info, content)


async def test_an_empty_file_is_a_file(worker: Worker) -> None:
    await write(worker, "empty")
    info, content = await read(worker, "empty")
    assert (info.bytes, content) == (0, b"")


async def test_a_file_without_a_told_size_is_read_to_its_end(worker: Worker) -> None:
    _, content = await read(worker, "/proc/self/status")
    assert b"Name:" in content


async def test_writing_makes_folders_and_sets_the_mode_exactly(worker: Worker, home: Path) -> None:
    await write(worker, "a/b/script", b"#!/bin/sh\n", mode=0o777)
    assert stat.S_IMODE((home / "a/b/script").stat().st_mode) == 0o777


async def test_writing_bytes_keeps_the_mode_that_is_there(worker: Worker, home: Path) -> None:
    await run(worker, "touch there; chmod 751 there; umask 077")
    kept = await worker.write_file(WriteFile(path="there"), pieces_of(b"x"))
    new = await worker.write_file(WriteFile(path="new"), pieces_of(b"x"))
    assert (kept.mode, new.mode) == (0o751, 0o644)
    assert [stat.S_IMODE((home / name).stat().st_mode) for name in ("there", "new")] == [0o751, 0o644]


async def test_a_name_may_be_as_long_as_the_file_system_allows(worker: Worker, home: Path) -> None:
    await write(worker, "é" * 127, b"x")
    assert (home / ("é" * 127)).read_bytes() == b"x"


async def test_a_folder_goes_in_whole_and_is_merged(worker: Worker, home: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "script").write_bytes(b"new")
    (tmp_path / "sub" / "script").chmod(0o750)
    (tmp_path / "link").symlink_to("/etc")
    for path, made in (("a/b", home / "a/b"), ("b/../a/b", home / "a/b"), ("~", home)):
        await run(worker, "mkdir -p a/b/sub; echo old > a/b/sub/script; echo kept > a/b/sub/kept")
        info = await worker.write_file(WriteFile(path=path, unpack=True), pieces_of(*pack(str(tmp_path))))
        assert info == FileInfo(path=str(made), type="folder", bytes=0, mode=info.mode)
        assert (made / "sub" / "script").read_bytes() == b"new"
        assert stat.S_IMODE((made / "sub" / "script").stat().st_mode) == 0o750
        assert (made / "link").readlink() == Path("/etc")
    assert (home / "a/b/sub/kept").read_bytes() == b"kept\n"


@pytest.mark.parametrize(
    ("path", "content", "code", "says"),
    [
        ("plain", [], ErrorCode.FILE_ERROR, "it is a file"),
        ("new/folder", [b"x" * 512], ErrorCode.FILE_ERROR, "the archive is refused"),
        ("new/folder", [b"x" * 100], ErrorCode.FILE_ERROR, "ends too early"),
        ("closed/folder", [], ErrorCode.DENIED, "Permission denied"),
        ("closed", [], ErrorCode.DENIED, "Permission denied"),
    ],
)
async def test_a_folder_that_cannot_be_written_leaves_nothing(
    worker: Worker, path: str, content: list[bytes], code: ErrorCode, says: str
) -> None:
    await run(worker, "echo > plain; mkdir -m 500 closed")
    before = (await run(worker, "find .")).text
    with pytest.raises(Refused, match=says) as refused:
        await worker.write_file(WriteFile(path=path, unpack=True), pieces_of(*content))
    assert refused.value.failure.code is code
    assert (await run(worker, "find .")).text == before


async def test_a_path_that_is_no_unicode_is_told_in_unicode(worker: Worker, home: Path) -> None:
    info = await write(worker, r"caf\xe9/\x5c", b"x")
    assert info.path == rf"{home}/caf\xe9/\x5c"
    assert (await run(worker, r"cat $'caf\xe9/\\'")).text == "x"
    with pytest.raises(Refused, match=r"caf\\xe9/none"):
        await read(worker, r"caf\xe9/none")


async def test_a_link_is_removed_and_not_what_it_leads_to(worker: Worker) -> None:
    await run(worker, "mkdir d; touch d/kept; ln -s d link")
    await worker.do(RemoveFile(path="link"))
    assert (await run(worker, "find . -mindepth 1")).text == "./d\n./d/kept\n"


async def test_writing_replaces_a_file_and_follows_a_link(worker: Worker, home: Path) -> None:
    await run(worker, "echo old > real; ln -s real link")
    await write(worker, "link", b"new")
    assert (home / "real").read_bytes() == b"new"
    assert (home / "link").is_symlink()


async def test_a_folder_comes_as_tar_with_links_as_links_and_special_files_left_out(worker: Worker, home: Path) -> None:
    await run(
        worker, "mkdir -p d/sub d/empty; echo one > d/one; echo two > d/sub/two; chmod 750 d/sub/two; ln -s /etc d/l"
    )
    await run(worker, "mkfifo d/pipe; head -c 100000 /dev/urandom > d/big; ln -s d link; touch 'd/ünï\ncode'")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "d/socket"))
        found = await tar_of(worker, "link")
    assert list(found) == [".", "big", "empty", "l", "one", "sub", "sub/two", "ünï\ncode"]
    assert (found["l"].linkname, found["sub/two"].mode, found["big"].size) == ("/etc", 0o750, 100_000)


async def test_a_folder_unpacks_to_what_it_was(worker: Worker, home: Path, tmp_path: Path) -> None:
    await run(worker, f"mkdir -p d/{'x' * 120}; echo deep > d/{'x' * 120}/{'y' * 120}; seq 100000 > d/numbers")
    _, content = await read(worker, "d")
    (tmp_path / "out").mkdir()
    unpack = ["tar", "-xC", str(tmp_path / "out")]
    await asyncio.to_thread(lambda: subprocess.run(unpack, input=content, check=True))
    assert (tmp_path / "out/numbers").read_bytes() == (home / "d/numbers").read_bytes()
    assert (tmp_path / "out" / ("x" * 120) / ("y" * 120)).read_text() == "deep\n"


async def test_a_name_that_is_not_utf8_is_kept_in_the_tar(worker: Worker) -> None:
    await run(worker, r"mkdir d; touch d/$'\xff'")
    assert list(await tar_of(worker, "d")) == [".", "\udcff"]


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("gone/away", ErrorCode.NOT_FOUND, "the nearest folder that exists is"),
        ("secret", ErrorCode.DENIED, "Permission denied"),
        ("pipe", ErrorCode.FILE_ERROR, "a named pipe"),
        ("/dev/zero", ErrorCode.FILE_ERROR, "a device"),
        ("plain/below", ErrorCode.FILE_ERROR, "Not a directory"),
        ("x" * 300, ErrorCode.FILE_ERROR, "name too long"),
        ("a\0b", ErrorCode.FILE_ERROR, "null"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_reason(
    worker: Worker, path: str, code: ErrorCode, says: str
) -> None:
    await run(worker, "echo > plain; echo > secret; chmod 0 secret; mkfifo pipe")
    with pytest.raises(Refused, match=says) as refused:
        await read(worker, path)
    assert refused.value.failure.code is code


async def test_a_socket_cannot_be_read(worker: Worker, home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "socket"))
        (home / "socket").chmod(0o777)
        with pytest.raises(Refused, match="socket") as refused:
            await read(worker, "socket")
    assert refused.value.failure.code is ErrorCode.FILE_ERROR


async def test_what_may_not_be_read_in_a_folder_costs_nothing_but_itself_and_is_named(
    worker: Worker, tmp_path: Path
) -> None:
    await run(
        worker, r"mkdir -p d/no d/z; echo a > d/a; echo > d/secret; echo > d/no/x; echo > d/z/$'\xff'; echo z > d/z/z"
    )
    await run(worker, r"chmod 0 d/secret d/no d/z/$'\xff'; chmod 400 d/z/z")
    _, content = await read(worker, "d")
    assert receive(iter([content]), str(tmp_path / "kept"), trusted=False) == ["no", "secret", r"z/\xff"]
    kept = {str(path.relative_to(tmp_path / "kept")) for path in (tmp_path / "kept").rglob("*")}
    assert kept == {"a", "z", "z/z"}


async def test_a_folder_that_may_not_be_listed_is_refused(worker: Worker) -> None:
    await run(worker, "mkdir d; chmod 0 d")
    with pytest.raises(Refused, match="Permission denied") as refused:
        await read(worker, "d")
    assert refused.value.failure.code is ErrorCode.DENIED


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("folder", ErrorCode.FILE_ERROR, "it is a folder"),
        ("new/", ErrorCode.FILE_ERROR, "it is a folder"),
        ("~", ErrorCode.FILE_ERROR, "it is a folder"),
        ("pipe", ErrorCode.FILE_ERROR, "a named pipe"),
        ("/dev/null", ErrorCode.FILE_ERROR, "a device"),
        ("plain/below", ErrorCode.FILE_ERROR, "Not a directory"),
        ("closed/below", ErrorCode.DENIED, "Permission denied"),
        ("closed2/new/below", ErrorCode.DENIED, "Permission denied"),
        ("new/" + "x" * 300, ErrorCode.FILE_ERROR, "name too long"),
        ("a\0b", ErrorCode.FILE_ERROR, "null"),
    ],
)
async def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    worker: Worker, path: str, code: ErrorCode, says: str
) -> None:
    await run(worker, "mkdir folder closed closed2; echo > plain; mkfifo pipe; chmod 500 closed closed2")
    before = (await run(worker, "find .")).text
    with pytest.raises(Refused, match=says) as refused:
        await write(worker, path, *[b"x" * 100_000] * 50)
    assert refused.value.failure.code is code
    assert (await run(worker, "find .")).text == before


async def test_a_full_disk_is_told_and_leaves_nothing(worker: Worker) -> None:
    # ulimit does to a file what a full disk does to a folder, for a worker that nobody can mount a disk for
    await run(worker, "prlimit --pid $PPID --fsize=100000")
    with pytest.raises(Refused, match="File too large") as refused:
        await write(worker, "new/large", *[b"x" * 100_000] * 50)
    assert refused.value.failure.code is ErrorCode.FILE_ERROR
    assert (await run(worker, "ls -A")).text == ""


async def test_an_upload_that_breaks_off_leaves_nothing(worker: Worker) -> None:
    begun = tarfile.TarInfo("begun")
    begun.size = 1 << 20

    async def broken() -> AsyncIterator[bytes]:
        yield begun.tobuf() + b"x" * 100_000
        raise ConnectionError("cut off")

    await run(worker, "echo old > kept")
    for path, unpack in (("kept", False), ("new/folder/file", False), ("new/folder", True)):
        with pytest.raises(ConnectionError, match="cut off"):
            await worker.write_file(WriteFile(path=path, unpack=unpack), broken())
    assert (await run(worker, "ls -A; cat kept")).text == "kept\nold\n"


async def test_reading_may_stop_early(worker: Worker) -> None:
    await write(worker, "large", *[b"x" * 1_000_000] * 5)
    stream = worker.read_file(ReadFile(path="large"))
    assert isinstance(await anext(stream), FileInfo)
    assert await anext(stream)
    await stream.aclose()
    assert (await run(worker, "ls -l /proc/$PPID/task | wc -l; echo fine")).code == 0
