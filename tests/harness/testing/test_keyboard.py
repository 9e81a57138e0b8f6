"""The fake keyboard knows and refuses what the real one does."""

from __future__ import annotations

import pytest

from harness.testing.keyboard import check_typable, chord
from sandbox_image.wire import ErrorCode, Refused


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("Return", ("return",)),
        ("enter", ("return",)),
        ("Page_Up", ("pageup",)),
        ("pgup", ("pageup",)),
        ("ctrl+shift+T", ("ctrl", "shift", "t")),
        ("Control_L+a", ("ctrl", "a")),
        ("A", ("A",)),
        ("é", ("é",)),
        ("+", ("+",)),
        ("ctrl++", ("ctrl", "+")),
        ("plus", ("+",)),
        ("F12", ("f12",)),
    ],
)
def test_names_have_one_spelling(keys: str, names: tuple[str, ...]) -> None:
    assert chord(keys) == names


@pytest.mark.parametrize("keys", ["NoSuchKey", "ctrl+", "ctrl+nosuchkey", "F25", " "])
def test_names_nobody_knows_are_refused_with_the_name(keys: str) -> None:
    with pytest.raises(Refused, match="no key is named") as refused:
        chord(keys)
    assert refused.value.failure.code is ErrorCode.UNKNOWN_KEY


def test_what_is_on_a_us_keyboard_can_be_typed_and_nothing_else() -> None:
    check_typable("".join(map(chr, range(32, 127))) + "\n\t")
    with pytest.raises(Refused, match=r"U\+6F22, character 1"):
        check_typable("a漢")
