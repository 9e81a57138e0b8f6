"""Files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from harness.errors import ActionFailed, FileFailed
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import ErrorCode
from tests.support.conformance.checks import HOME, check


@check
async def files_go_in_and_come_out_byte_by_byte(desktop: Desktop) -> None:
    content = bytes(range(256)) * 5000
    await desktop.put(content, "deep/er/with space ü.bin")
    assert await desktop.read(f"{HOME}/deep/er/with space ü.bin") == content
    with tempfile.TemporaryDirectory() as folder:
        file, tree = Path(folder) / "sub" / "file", Path(folder) / "tree"
        await desktop.get("deep/er/with space ü.bin", file)
        await desktop.get("deep", tree)
        assert file.read_bytes() == content
        assert (tree / "er" / "with space ü.bin").read_bytes() == content


@check
async def empty_files_are_files(desktop: Desktop) -> None:
    await desktop.put(b"", "empty")
    assert await desktop.read("empty") == b""


@check
async def what_the_file_system_refuses_is_a_failed_file(desktop: Desktop) -> None:
    await desktop.put(b"x", "refusals/file")
    for attempt, code in (
        (desktop.read("refusals/none"), ErrorCode.NOT_FOUND),
        (desktop.read("refusals"), ErrorCode.FILE_ERROR),
        (desktop.put(b"x", "refusals"), ErrorCode.FILE_ERROR),
    ):
        with pytest.raises(FileFailed) as caught:
            await attempt
        assert caught.value.code is code
    with pytest.raises(FileFailed):
        await desktop.put(b"x", "/etc/not-for-you")


@check
async def no_more_of_a_file_is_read_than_allowed(desktop: Desktop) -> None:
    await desktop.put(bytes(200_000), "large")
    with pytest.raises(ActionFailed) as caught:
        await desktop.read("large", limit=100_000)
    assert caught.value.code is ErrorCode.OVERSIZED
    assert len(await desktop.read("large", limit=200_000)) == 200_000


@check
async def folders_go_in_and_come_out_with_modes_and_links(desktop: Desktop) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        (source / "sub").mkdir(parents=True)
        (source / "plain").write_bytes(b"new")
        (source / "sub" / "script").write_bytes(b"#!/bin/sh")
        (source / "sub" / "script").chmod(0o750)
        (source / "sub" / "link").symlink_to("../plain")
        await desktop.put(b"old", "trees/one/plain")
        await desktop.put(b"kept", "trees/one/kept")
        info = await desktop.put(source, "trees/one")
        assert (info.path, info.type) == (f"{HOME}/trees/one", "folder")
        told: list[tuple[int, int | None]] = []
        await desktop.get("trees/one", target, limit=None, progress=lambda *done: told.append(done))
        assert [(path.name, path.is_symlink()) for path in sorted(target.rglob("*"))] == [
            ("kept", False),
            ("plain", False),
            ("sub", False),
            ("link", True),
            ("script", False),
        ]
        assert (target / "sub" / "link").read_bytes() == b"new"
        assert (target / "sub" / "script").stat().st_mode & 0o777 == 0o750
        assert told[-1][0] > 0
        assert told[-1][1] is None


@check
async def a_folder_with_something_in_its_way_changes_nothing(desktop: Desktop) -> None:
    await desktop.put(b"x", "ways/b/file")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a", "b"):
            (Path(folder) / name).write_bytes(b"y")
        with pytest.raises(FileFailed) as caught:
            await desktop.put(Path(folder), "ways")
    assert caught.value.code is ErrorCode.FILE_ERROR
    assert [entry.name for entry in (await desktop.ls("ways")).entries] == ["b"]


@check
async def the_mode_of_a_file_stays_unless_it_is_told(desktop: Desktop) -> None:
    await desktop.put(b"1", "modes/file")
    assert (await desktop.stat("modes/file")).mode == 0o644
    await desktop.put(b"2", "modes/file", mode=0o700)
    assert (await desktop.put(b"3", "modes/file")).mode == 0o700


@check
async def what_is_removed_is_gone_and_the_rest_is_not(desktop: Desktop) -> None:
    for name in ("a", "b/c", "b/d/e", "bc"):
        await desktop.put(b"x", f"removals/{name}")
    await desktop.remove("removals/b")
    await desktop.remove("removals/a")
    assert [entry.name for entry in (await desktop.ls("removals")).entries] == ["bc"]
    for path in ("removals/a", "/etc/hostname"):
        with pytest.raises(FileFailed):
            await desktop.remove(path)


@check
async def folders_are_listed_page_by_page(desktop: Desktop) -> None:
    for name in ("é", "b", "a/inner", "c"):
        await desktop.put(b"12", f"pages/{name}")
    page = await desktop.ls("pages", limit=3)
    assert [(entry.name, entry.type, entry.bytes) for entry in page.entries[1:]] == [("b", "file", 2), ("c", "file", 2)]
    assert (page.path, page.entries[0].type, page.after) == (f"{HOME}/pages", "folder", "c")
    last = await desktop.ls("~/pages", after="c")
    assert ([entry.name for entry in last.entries], last.after) == (["é"], None)
    assert last.entries[0] == await desktop.stat("pages/é")
    for refused in (desktop.ls("pages/none"), desktop.ls("pages/b"), desktop.stat("pages/none")):
        with pytest.raises(FileFailed):
            await refused
