"""The editor, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import EditFailed, FileFailed, UsageError
from harness.sandbox.desktop.editor import LIMIT
from harness.testing import FakeDesktop
from tests.support.desktops import SCREEN


def desktop(**files: bytes) -> FakeDesktop:
    return FakeDesktop(SCREEN, files=files)


async def test_a_range_of_lines_is_shown() -> None:
    five = desktop(f=b"a\nb\nc\nd\ne")
    assert await five.edit_view("f", (2, 3)) == "     2\tb\n     3\tc"
    assert await five.edit_view("f", (5, -1)) == "     5\te"
    assert (await five.edit_view("f")).count("\n") == 4


@pytest.mark.parametrize("lines", [(0, 1), (2, 1), (1, 4), (4, -1), (1, -2)])
async def test_a_range_that_is_not_there_is_refused(lines: tuple[int, int]) -> None:
    with pytest.raises(EditFailed, match="has the lines 1 to 3"):
        await desktop(f=b"a\nb\nc\n").edit_view("f", lines)


async def test_a_long_view_is_cut_and_says_how_to_see_the_rest() -> None:
    long = desktop(f=b"".join(b"line %d\n" % n for n in range(1, 101)), one=b"x" * 1000)
    shown = (await long.edit_view("f", (11, 100), limit=100)).splitlines()
    assert shown[:2] == ["    11\tline 11", "    12\tline 12"]
    assert shown[-1] == "[cut at 100 characters; lines 17 to 100 can be viewed as a range]"
    assert len("\n".join(shown[:-1])) <= 100
    assert (await long.edit_view("one", limit=50)).startswith("     1\t" + "x" * 43 + "\n[cut at 50")
    assert not (await long.edit_view("f", (1, 2), limit=27)).endswith("]")
    with pytest.raises(UsageError, match="limit=0"):
        await long.edit_view("f", limit=0)


async def test_a_folder_is_shown_two_levels_deep_without_what_is_hidden() -> None:
    tree = desktop(**{"d/b": b"", "d/a/x": b"", "d/a/y/z": b"", "d/.git/config": b"", "d/a/.h": b""})
    assert (await tree.edit_view("d")).splitlines() == [
        "/home/user/d/",
        "/home/user/d/a/",
        "/home/user/d/a/x",
        "/home/user/d/a/y/",
        "/home/user/d/b",
    ]


async def test_the_view_of_a_large_folder_is_bounded() -> None:
    large = desktop(**{f"d/{number:05}": b"" for number in range(1500)}, **{"d/a/x": b""})
    shown = (await large.edit_view("d")).splitlines()
    assert (len(shown), shown[1], shown[-1]) == (
        1001,
        "/home/user/d/00000",
        "[and more, left out; view a folder of these]",
    )


async def test_edits_are_taken_back_one_by_one_whatever_the_path_is_written_as() -> None:
    one = desktop(f=b"a\r\nb")
    await one.edit_replace("f", "a", "x")
    await one.edit_insert("~/f", 0, "first")
    assert one.guest.files["/home/user/f"] == b"first\r\nx\r\nb"
    assert "6 bytes again" not in await one.edit_undo("./f")
    assert await one.read("f") == b"x\r\nb"
    assert "it has 4 bytes again" in await one.edit_undo("f")
    assert await one.read("f") == b"a\r\nb"
    with pytest.raises(EditFailed, match="no edit"):
        await one.edit_undo("f")


async def test_only_the_last_twenty_edits_can_be_taken_back() -> None:
    one = desktop(f=b"0")
    for number in range(25):
        await one.edit_replace("f", str(number), str(number + 1))
    for _ in range(20):
        await one.edit_undo("f")
    assert await one.read("f") == b"5"
    with pytest.raises(EditFailed, match="no edit"):
        await one.edit_undo("f")


async def test_a_large_file_is_left_to_the_shell() -> None:
    with pytest.raises(EditFailed, match="use the shell"):
        await desktop(f=b"x" * (LIMIT + 1)).edit_view("f")


async def test_what_the_file_system_refuses_is_a_failed_file() -> None:
    for attempt in (desktop().edit_view("none"), desktop().edit_create("/etc/x", "x")):
        with pytest.raises(FileFailed):
            await attempt
