from pathlib import Path

import pytest

from harness.errors import FlowError
from harness.flow.load import MAX_BYTES, Mark, parse_document, read_document

HERE = Path("a.yaml")


def test_values_are_those_of_yaml_1_2() -> None:
    text = "[no, on, yes, true, null, ~, 017, 0x1F, 0o17, 1.5, .inf, 2001-01-01, '1', 1e3]"
    assert parse_document(text, HERE).data == (
        "no", "on", "yes", True, None, None, 17, 31, 15, 1.5, float("inf"), "2001-01-01", "1", 1000.0,
    )  # fmt: skip


def test_every_value_and_key_knows_its_place() -> None:
    document = parse_document("a:\n  b: [x, y]\n", HERE)
    assert document.mark(("a", "b", 1)) == Mark(2, 10)
    assert document.mark(("a", "b"), at_key=True) == Mark(2, 3)


def test_what_is_not_there_has_the_place_of_what_is_above_it() -> None:
    document = parse_document("a:\n  b: 1\n", HERE)
    assert document.mark(("a", "c", "d")) == document.mark(("a",)) == Mark(2, 3)
    assert document.mark(("z",)) == Mark(1, 1)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml:3:1: the key 'a' is given twice; first in line 1"),
        ("? [1]\n: 2", "a.yaml:1:3: a key is one word of text"),
        ("&a [*a]", "a.yaml:1:1: an alias that holds itself, or more than 50000 values"),
        ("a: !thing b", "a.yaml:1:4: the tag !thing means nothing here; leave it out"),
    ],
)
def test_what_cannot_be_told_apart_later_is_a_problem(source: str, told: str) -> None:
    with pytest.raises(FlowError) as raised:
        parse_document(source, HERE).check()
    assert str(raised.value) == told


@pytest.mark.parametrize(
    "source",
    ["a: [1", "a: b: c", "\t- x", "a: 1\n---\nb: 2", "a: \x01", "*x", "[" * 2000, "a: 'x", "%YAML 3.0\n---\na"],
)
def test_what_is_no_yaml_is_refused_with_a_place(source: str) -> None:
    with pytest.raises(FlowError, match=r"^a\.yaml:\d+:\d+: no valid YAML: \S"):
        parse_document(source, HERE)


def test_an_alias_cannot_make_a_small_file_large() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    with pytest.raises(FlowError, match=r"\Aa\.yaml:\d+:\d+: an alias that holds itself, or more than 50000 values\Z"):
        parse_document(bomb, HERE)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("a:\n\t- b", "indent with spaces, not with tabs"),
        ("a: b: c", "put a text that holds a colon in quotes"),
        ("- a: 1\n b: 2", "keys of one mapping begin in the same column"),
        ("a: 1\n---\nb: 2", "a file holds one flow: make it two files"),
    ],
)
def test_the_usual_slips_in_yaml_are_told_with_what_to_do(source: str, hint: str) -> None:
    with pytest.raises(FlowError, match=f"no valid YAML: .*; {hint}$"):
        parse_document(source, HERE)


def test_a_file_has_to_be_text_of_some_size(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xff")
    with pytest.raises(FlowError, match=r":2:4: is not UTF-8 here"):
        read_document(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(FlowError, match="has 1000001 bytes"):
        read_document(path)


def test_what_does_not_print_is_quoted_as_an_escape() -> None:
    with pytest.raises(FlowError) as raised:
        parse_document('"\\e[2J": 1\n"\\e[2J": 2', HERE).check()
    assert "\x1b" not in str(raised.value)
    assert "\\x1b[2J" in str(raised.value)
