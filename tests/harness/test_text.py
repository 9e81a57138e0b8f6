import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.flow.values import parse_pattern
from harness.text import Match, find, fold, lines, nearest, spelled, touches, union
from sandbox_image.wire import Region, Word

CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"


def screen(*printed: str, left: int = 10) -> tuple[Word, ...]:
    """Lines of text, 10 pixels a character, a line every 20 pixels."""
    words = []
    for number, line in enumerate(printed):
        at = left
        for text in line.split():
            box = Region(x=at, y=20 * number, width=10 * len(text), height=12)
            words.append(Word(text=text, box=box, confidence=90, line=number))
            at += 10 * (len(text) + 1)
    return tuple(words)


def texts(words: tuple[Word, ...], wanted: str) -> list[str]:
    return [match.text for match in find(words, parse_pattern(wanted))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("save as", ["Save As"]),
        ("Save   As", ["Save As"]),
        ("File", ["File"]),
        ("Sav", []),  # only whole words
        ("files", []),
        ("saved", ["Saved."]),
        ("Saved.", ["Saved."]),
        ("note.txt", ["/home/user/note.txt"]),  # what is neither letter nor digit ends a word
        ("user/note", ["/home/user/note.txt"]),
        ("SaveAs", ["Save As"]),  # words that OCR split
        ("Mouse pad", ["Mousepad"]),  # and joined
        ("Edit Save", []),  # not across lines
        ("don't", [f"don{CURLY}t"]),
        ("/note\\.\\w+/", ["/home/user/note.txt"]),
        ("/^save as$/", ["Save As"]),
        ("/sav/", ["Save", "Saved."]),
    ],
)
def test_text_is_found_where_words_begin_and_end(wanted: str, found: list[str]) -> None:
    words = screen("File Edit", "Save As", "Saved.", "/home/user/note.txt", "Mousepad", f"don{CURLY}t")
    assert texts(words, wanted) == found


def test_the_text_as_written_goes_before_what_ocr_may_have_garbled() -> None:
    assert texts(screen("SaveAs", "Save As"), "Save As") == ["Save As"]
    assert texts(screen("SaveAs", "Other"), "Save As") == ["SaveAs"]


def test_marks_at_the_ends_are_forgiven_when_nothing_else_fits() -> None:
    assert texts(screen("Open"), "Open…") == ["Open"]


def test_a_part_of_a_word_has_the_box_of_that_part() -> None:
    (match,) = find(screen("path/note.txt"), parse_pattern("note.txt"))
    assert match.box == Region(x=10 + 50, y=0, width=80, height=12)


def test_a_phrase_has_a_box_around_its_words() -> None:
    (match,) = find(screen("Do Save As now"), parse_pattern("save as"))
    assert match.box == Region(x=40, y=0, width=70, height=12)


def test_every_place_is_found_in_reading_order() -> None:
    matches = find(screen("Save Save", "Save"), parse_pattern("save"))
    assert [(match.box.x, match.box.y) for match in matches] == [(10, 0), (60, 0), (10, 20)]


def test_what_looks_most_like_it_is_told_best_first() -> None:
    words = screen("Cancel", "Export as PDE", "Export", "Import as")
    near = [match.text for match in nearest(words, parse_pattern("Export as PDF"))]
    assert near[0] == "Export as PDE"
    assert "Cancel" not in near


def test_lines_are_what_was_read() -> None:
    assert [match.text for match in lines(screen("File Edit", "Save"))] == ["File Edit", "Save"]


def test_boxes_touch_within_the_margin() -> None:
    one, other = Region(x=0, y=0, width=10, height=10), Region(x=12, y=0, width=5, height=5)
    assert not touches(one, other)
    assert touches(one, other, margin=3)


LINES = st.lists(st.text(alphabet="abB1.-_ /ß…’", min_size=1, max_size=20), max_size=5)  # noqa: RUF001 - as fonts have them


@given(LINES, st.text(alphabet="abB1.-_ /", min_size=1, max_size=6).filter(str.strip))
def test_a_match_lies_within_its_words(printed: list[str], wanted: str) -> None:
    words = screen(*printed)
    for match in find(words, parse_pattern(wanted)):
        assert isinstance(match, Match)
        assert match.text
        assert any(touches(match.box, word.box) for word in words)
        around = union([word.box for word in words])
        assert union([around, match.box]) == around


@given(LINES)
def test_every_printed_line_is_found_by_its_own_text(printed: list[str]) -> None:
    words = screen(*printed)
    for line in lines(words):
        if line.text[0] != "/" or line.text[-1] != "/":
            assert line.box in [match.box for match in find(words, parse_pattern(line.text))]


@given(LINES, st.text(max_size=12).filter(str.strip))
def test_nothing_is_near_below_the_likeness(printed: list[str], wanted: str) -> None:
    if wanted[0] != "/":
        assert len(nearest(screen(*printed), parse_pattern(wanted), 2)) <= 2


@given(st.text())
def test_folding_twice_is_folding_once_for_words(text: str) -> None:
    assert fold(fold(text)).split() == fold(text).split() or fold(fold(fold(text))) == fold(fold(text))


def test_a_match_is_as_sure_as_its_least_sure_word() -> None:
    sure, unsure = screen("Save As")
    words = (sure, unsure.model_copy(update={"confidence": 40.0}))
    assert [match.confidence for match in lines(words)] == [40]
    assert [match.confidence for match in find(words, parse_pattern("save"))] == [90]


@pytest.mark.parametrize("flags", [re.NOFLAG, re.IGNORECASE, re.IGNORECASE | re.VERBOSE | re.ASCII])
@pytest.mark.parametrize("pattern", ["^Save As", "(?m)^Save As", "(?i:save) As"])
def test_a_regular_expression_as_text_is_the_same_when_it_is_compiled_again(pattern: str, flags: re.RegexFlag) -> None:
    regex = re.compile(pattern, flags)
    assert re.compile(spelled(regex)).flags == regex.flags
    assert spelled(regex).endswith(pattern)
