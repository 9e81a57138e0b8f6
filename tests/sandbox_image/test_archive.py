"""Folders as a stream, on the disk of the tests."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import tarfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox_image.archive import PIECE, ArchiveError, pack, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def tree(folder: Path) -> dict[str, tuple[str, int, object]]:
    """All in a folder by its name: kind, mode and content."""
    return {os.path.relpath(path, folder): described(path) for path in sorted(folder.rglob("*"))}


def described(path: Path) -> tuple[str, int, object]:
    if path.is_symlink():
        return "link", 0, os.fspath(path.readlink())
    mode = stat.S_IMODE(path.stat().st_mode)
    return ("folder", mode, None) if path.is_dir() else ("file", mode, path.read_bytes())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with some of everything."""
    folder = tmp_path / "source"
    (folder / "sub" / "empty").mkdir(parents=True)
    (folder / "x" / ("y" * 120) / ("z" * 120)).mkdir(parents=True)
    (folder / "x" / ("y" * 120) / ("z" * 120) / "deep").write_bytes(b"deep")
    (folder / "sub" / "script").write_bytes(b"#!/bin/sh\n")
    (folder / "sub" / "script").chmod(0o750)
    (folder / "large").write_bytes(os.urandom(3 * PIECE + 17))
    os.utime(folder / "large", (1_000_000, 1_000_000))
    (folder / "empty").touch()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9")).touch()
    (folder / "sub" / "up").symlink_to("../large")
    (folder / "out").symlink_to("/etc/" + "long" * 50)
    return folder


def test_a_folder_unpacks_to_what_it_was(source: Path, tmp_path: Path) -> None:
    receive(pack(str(source)), str(tmp_path / "target"), trusted=True)
    assert tree(tmp_path / "target") == tree(source)
    assert (tmp_path / "target" / "large").stat().st_mtime == 1_000_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "target"]


def test_the_stream_is_tar(source: Path, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    packed = b"".join(pack(str(source)))
    subprocess.run(["tar", "-xpC", str(tmp_path / "target")], input=packed, check=True)
    assert tree(tmp_path / "target") == tree(source)


def test_what_tar_packs_is_taken(source: Path, tmp_path: Path) -> None:
    packed = subprocess.run(["tar", "-cC", str(source), "."], check=True, capture_output=True).stdout
    receive(iter([packed[:700], packed[700:]]), str(tmp_path / "target"), trusted=True)
    assert tree(tmp_path / "target") == tree(source)


def test_sockets_and_pipes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    os.mkfifo(tmp_path / "source" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "source" / "socket"))
        receive(pack(str(tmp_path / "source")), str(tmp_path / "target"), trusted=True)
    assert tree(tmp_path / "target") == {}


@pytest.mark.parametrize(("length", "zeros"), [(PIECE, 3 * PIECE), (5 * PIECE, 0)], ids=["shrinks", "grows"])
def test_a_file_keeps_the_length_it_was_begun_with(tmp_path: Path, length: int, zeros: int) -> None:
    file = tmp_path / "source" / "file"
    file.parent.mkdir()
    content = os.urandom(4 * PIECE)
    file.write_bytes(content)

    def pieces() -> Iterator[bytes]:
        packing = pack(str(file.parent))
        yield next(packing)
        os.truncate(file, length)
        yield from packing

    receive(pieces(), str(tmp_path / "target"), trusted=True)
    assert (tmp_path / "target" / "file").read_bytes() == content[: len(content) - zeros] + bytes(zeros)


def test_what_vanishes_meanwhile_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "b").mkdir(parents=True)
    (source / "a").write_bytes(bytes(2 * PIECE))
    (source / "c").touch()

    def pieces() -> Iterator[bytes]:
        packing = pack(str(source))
        yield next(packing)
        (source / "b").rmdir()
        (source / "c").unlink()
        yield from packing

    receive(pieces(), str(tmp_path / "target"), trusted=True)
    assert list(tree(tmp_path / "target")) == ["a"]


def test_merging_replaces_files_and_keeps_the_rest(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    (new / "both" / "new").mkdir(parents=True)
    (new / "both" / "file").write_bytes(b"new")
    (new / "both" / "link").symlink_to("file")
    (old / "both").mkdir(parents=True)
    (old / "both" / "file").write_bytes(b"old")
    (old / "both" / "link").write_bytes(b"old")
    (old / "both" / "kept").write_bytes(b"kept")
    receive(pack(str(new)), str(old), trusted=True)
    assert sorted(path.name for path in (old / "both").iterdir()) == ["file", "kept", "link", "new"]
    assert (old / "both" / "link").read_bytes() == b"new"


@pytest.mark.parametrize("way", ["a folder", "a file", "a link to a folder"])
def test_nothing_is_merged_where_something_else_is_in_the_way(tmp_path: Path, way: str) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.mkdir()
    (old / "z").mkdir(parents=True)
    for name in "abcdef":
        (new / name).write_bytes(b"new")
    if way == "a folder":
        (new / "z").write_bytes(b"new")
    else:
        (old / "z").rmdir()
        (new / "z").mkdir()
        (old / "z").symlink_to(tmp_path) if way == "a link to a folder" else (old / "z").touch()
    before = tree(old)
    with pytest.raises(OSError, match="directory"):
        receive(pack(str(new)), str(old), trusted=True)
    assert tree(old) == before


def test_a_stream_that_breaks_off_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield next(pack(str(source)))
        raise RuntimeError("cut off")

    (tmp_path / "there").mkdir()
    for target in ("there", "new"):
        with pytest.raises(RuntimeError, match="cut off"):
            receive(breaking(), str(tmp_path / target), trusted=True)
    assert tree(tmp_path / "there") == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source", "there"]


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, size, 0o7777
    return info.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape") + bytes(1024 if 0 < size <= 1024 else 0)


SELF = member("d", tarfile.SYMTYPE, ".")


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([member("../escaped")], "no place in the folder"),
        ([member("a/../../escaped")], "no place in the folder"),
        ([member("/etc/escaped")], "no place in the folder"),
        (["a/" * 300 + "deep"], "lies 300 folders deep"),
        ([SELF, member("d/x")], "comes twice"),
        ([SELF, member("d", tarfile.DIRTYPE)], "comes twice"),
        ([member("x"), member("x")], "comes twice"),
        ([SELF, member("d")], "comes twice"),
        ([member("x", tarfile.LNKTYPE, "/etc/passwd")], "neither a file"),
        ([member("x", tarfile.CHRTYPE)], "neither a file"),
        ([member("x", tarfile.GNUTYPE_SPARSE)], "neither a file"),
        ([member("x", tarfile.XHDTYPE, size=1000)], "neither a file"),
        ([member("x", tarfile.GNUTYPE_LONGNAME, size=1 << 40)], "neither a file"),
        ([member("x", size=-512)], "cannot be"),
        ([member("x", size=1 << 40)], "ends too early"),
        ([b"no archive at all".ljust(1024)], "no tar stream"),
        ([], "ends too early"),
    ],
)
def test_nothing_hostile_gets_out_of_its_folder(tmp_path: Path, members: list[bytes | str], says: str) -> None:
    data = b"".join(member(one) if isinstance(one, str) else one for one in members)
    ends = [] if "early" in says else [bytes(1024)]
    with pytest.raises(ArchiveError, match=says):
        receive(iter([data, *ends]), str(tmp_path / "target"), trusted=False)
    assert tree(tmp_path) == {}


def test_links_that_lead_out_are_left_out_and_named_and_the_rest_comes(tmp_path: Path) -> None:
    links = {"absolute": "/etc/passwd", "sub/up": "../../x", "sub/on": "../d/d/../../x", "sub/caf\udce9": "../.."}
    data = SELF + b"".join(member(name, tarfile.SYMTYPE, to) for name, to in links.items()) + member("sub/file")
    left_out = receive(iter([data + bytes(1024)]), str(tmp_path / "target"), trusted=False)
    assert left_out == ["absolute", "sub/up", "sub/on", r"sub/caf\xe9"]
    assert [*tree(tmp_path / "target")] == ["d", "sub", "sub/file"]


def test_so_many_links_lead_out_that_not_all_are_named(tmp_path: Path) -> None:
    data = b"".join(member(f"link{number}", tarfile.SYMTYPE, "/") for number in range(1001))
    assert len(receive(iter([data + bytes(1024)]), str(tmp_path / "target"), trusted=False)) == 1000
    assert tree(tmp_path / "target") == {}


def test_a_link_that_was_left_out_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    data = member("link", tarfile.SYMTYPE, str(outside)) + member("link/file")
    receive(iter([data + bytes(1024)]), str(tmp_path / "target"), trusted=False)
    assert tree(outside) == {}
    assert tree(tmp_path / "target")["link/file"] == ("file", 0o755, b"")


def test_links_that_stay_are_kept_and_modes_made_harmless(tmp_path: Path) -> None:
    data = member("d/file") + member("d/link", tarfile.SYMTYPE, "../d/file") + member("x/y/z", tarfile.DIRTYPE)
    receive(iter([data + bytes(1024)]), str(tmp_path / "target"), trusted=False)
    found = tree(tmp_path / "target")
    assert found["d/file"] == ("file", 0o755, b"")
    assert found["d/link"] == ("link", 0, "../d/file")
    assert found["x/y/z"] == ("folder", 0o755, None)


def peak(work: Callable[[], object]) -> int:
    """The most memory Python had at once, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    def peak_of(size: int) -> int:
        source = tmp_path / f"source{size}"
        source.mkdir()
        (source / "file").touch()
        os.truncate(source / "file", size)
        return peak(lambda: receive(pack(str(source)), str(tmp_path / f"target{size}"), trusted=True))

    small, large = peak_of(4 << 20), peak_of(64 << 20)
    assert large < small + PIECE


def test_memory_does_not_grow_with_the_number_of_folders_and_files(tmp_path: Path) -> None:
    def peak_of(count: int) -> int:
        source = tmp_path / f"source{count}"
        for number in range(count):
            (source / f"folder{number}").mkdir(parents=True)
            for name in range(20):
                (source / f"folder{number}" / f"file{name}").touch()
        return peak(lambda: receive(pack(str(source)), str(tmp_path / f"target{count}"), trusted=True))

    small, large = peak_of(60), peak_of(240)
    assert large < small + PIECE
