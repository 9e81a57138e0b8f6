"""Text in an editor's hands, without a desktop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EditFailed
from harness.sandbox.desktop.text import Text, decoded

ANY = st.text(st.sampled_from("ab\r\n\ufeffü"), max_size=30)


@given(ANY)
def test_what_is_not_changed_comes_back_byte_by_byte(body: str) -> None:
    assert decoded(body.encode(), "x").encoded() == body.encode()


@given(ANY, st.integers(0, 30), ANY)
def test_inserting_adds_its_lines_and_changes_no_other(body: str, line: int, text: str) -> None:
    before = decoded(body.encode(), "x")
    lines = before.lines
    line = min(line, len(lines))
    after, count = before.inserted(line, text)
    assert after.lines[:line] == lines[:line]
    assert (after.lines + [""] * count)[line + count :][: len(lines) - line] == lines[line:]


@pytest.mark.parametrize(
    ("body", "lines"), [("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]), ("\n", [""])]
)
def test_a_last_line_without_an_end_is_a_line(body: str, lines: list[str]) -> None:
    assert Text(body).lines == lines


def test_lines_have_their_numbers() -> None:
    assert Text("a\nb\nc\n").numbered(2, 3) == ["     2\tb", "     3\tc"]


def test_a_change_is_shown_with_four_lines_around() -> None:
    text, line = Text("".join(f"{n}\n" for n in range(1, 21))).replaced("10\n11", "x")
    assert line == 10
    assert [one.split("\t")[1] for one in text.around(10, 1).splitlines()] == [
        "6",
        "7",
        "8",
        "9",
        "x",
        "12",
        "13",
        "14",
        "15",
    ]


@pytest.mark.parametrize(
    ("body", "old", "new", "becomes"),
    [
        (b"a\r\nb\r\nc", "a\nb", "x\ny", b"x\r\ny\r\nc"),
        (b"a\r\nb\r\n", "a\r\nb", "x", b"x\r\n"),
        (b"a\r\nb\n", "b", "x\ny", b"a\r\nx\ny\n"),
        (b"\xef\xbb\xbfa\n", "a", "b", b"\xef\xbb\xbfb\n"),
        (b"no end", "no", "still no", b"still no end"),
        (b"gone\nkept\n", "gone\n", "", b"kept\n"),
    ],
)
def test_replacing_keeps_what_it_is_not_about(body: bytes, old: str, new: str, becomes: bytes) -> None:
    assert decoded(body, "x").replaced(old, new)[0].encoded() == becomes


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ("", "is empty"),
        ("d", "not in the file exactly so"),
        ("a ", "not in the file exactly so"),
        ("a\n", "there 2 times, beginning at lines 1, 4; give more"),
        ("bb", "there 2 times, beginning at lines 2, 2;"),
    ],
)
def test_what_is_not_there_once_is_refused(old: str, says: str) -> None:
    with pytest.raises(EditFailed, match=says):
        Text("a\nbbb\nc\na\n").replaced(old, "x")


def test_of_many_places_the_first_ten_are_told() -> None:
    with pytest.raises(EditFailed, match="there 30 times, beginning at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more;"):
        Text("a\n" * 30).replaced("a", "x")


@pytest.mark.parametrize(
    ("body", "line", "text", "becomes"),
    [
        (b"a\nb\n", 0, "x", b"x\na\nb\n"),
        (b"a\nb\n", 1, "x\ny\n", b"a\nx\ny\nb\n"),
        (b"a\nb\n", 2, "x", b"a\nb\nx\n"),
        (b"a\nb", 2, "x", b"a\nb\nx"),
        (b"a\nb", 2, "x\n", b"a\nb\nx\n"),
        (b"a\nb", 1, "x\n", b"a\nx\nb"),
        (b"a\r\nb\r\n", 1, "x\ny", b"a\r\nx\r\ny\r\nb\r\n"),
        (b"a\n", 1, "\n", b"a\n\n"),
        (b"", 0, "x", b"x\n"),
    ],
)
def test_inserting_puts_lines_after_a_line(body: bytes, line: int, text: str, becomes: bytes) -> None:
    assert decoded(body, "x").inserted(line, text)[0].encoded() == becomes


@pytest.mark.parametrize("line", [-1, 3])
def test_there_is_no_inserting_after_a_line_that_is_not_there(line: int) -> None:
    with pytest.raises(EditFailed, match="0 is the beginning, 2 the end"):
        Text("a\nb\n").inserted(line, "x")


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"ab\0c", "x is no text: there is a NUL byte at 2"), (b"caf\xe9", "x is no UTF-8: byte 0xe9 at 3")],
)
def test_what_is_no_text_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(EditFailed, match=says):
        decoded(data, "x")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(EditFailed, match="half a character"):
        Text("a").replaced("a", "\ud83d")[0].encoded()
