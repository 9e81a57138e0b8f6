"""Editing text files."""

from __future__ import annotations

import pytest

from harness.errors import EditFailed, FileFailed
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import HOME, check


@check
async def a_file_is_created_viewed_changed_and_taken_back(desktop: Desktop) -> None:
    path = f"{HOME}/edits/note.txt"
    assert await desktop.edit_create("edits/note.txt", "one\ntwo\nthree\n") == f"{path} was created: 3 lines"
    assert await desktop.edit_view(path) == "     1\tone\n     2\ttwo\n     3\tthree"
    told = await desktop.edit_replace(path, "two", "2\n2½")
    assert told == f"{path} was changed:\n     1\tone\n     2\t2\n     3\t2½\n     4\tthree"
    assert (await desktop.edit_insert(path, 4, "four")).endswith("     4\tthree\n     5\tfour")
    assert await desktop.edit_create(path, "new") == f"{path} was replaced: 1 line"
    for content in (b"one\n2\n2\xc2\xbd\nthree\nfour\n", b"one\n2\n2\xc2\xbd\nthree\n", b"one\ntwo\nthree\n"):
        await desktop.edit_undo("edits/note.txt")
        assert await desktop.read(path) == content
    assert (await desktop.edit_undo(path)).endswith("it is gone")
    with pytest.raises(FileFailed):
        await desktop.read(path)


@check
async def an_edit_keeps_mode_and_line_ends(desktop: Desktop) -> None:
    await desktop.put(b"#!/bin/sh\r\necho hi", "edits/script", mode=0o751)
    await desktop.edit_replace("edits/script", "hi", "there")
    assert await desktop.read("edits/script") == b"#!/bin/sh\r\necho there"
    assert (await desktop.stat("edits/script")).mode == 0o751


@check
async def an_edit_that_does_not_fit_changes_nothing(desktop: Desktop) -> None:
    await desktop.put(b"a\nb\na\n", "edits/twice")
    await desktop.put(b"\x7fELF\0a", "edits/binary")
    for attempt in (
        desktop.edit_replace("edits/twice", "a", "x"),
        desktop.edit_replace("edits/twice", "c", "x"),
        desktop.edit_insert("edits/twice", 4, "x"),
        desktop.edit_view("edits/twice", (1, 4)),
        desktop.edit_undo("edits/twice"),
        desktop.edit_replace("edits/binary", "a", "x"),
        desktop.edit_create("edits", "x"),
        desktop.edit_view("edits", (1, 2)),
    ):
        with pytest.raises(EditFailed):
            await attempt
    assert (await desktop.read("edits/twice"), await desktop.read("edits/binary")) == (b"a\nb\na\n", b"\x7fELF\0a")


@check
async def an_edit_is_not_taken_back_over_what_changed_since(desktop: Desktop) -> None:
    await desktop.edit_create("edits/shared", "mine")
    await desktop.put(b"theirs", "edits/shared")
    with pytest.raises(EditFailed, match="something else"):
        await desktop.edit_undo("edits/shared")
    assert await desktop.read("edits/shared") == b"theirs"


@check
async def folders_are_viewed_two_levels_deep(desktop: Desktop) -> None:
    for name in ("b", "a/x/deep", ".hidden"):
        await desktop.put(b"", f"edits/tree/{name}")
    top = f"{HOME}/edits/tree/"
    assert (await desktop.edit_view("edits/tree")).splitlines() == [top, f"{top}a/", f"{top}a/x/", f"{top}b"]
