from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from sandbox_image.keys import LEVEL3, SHIFT, UNICODE, parse, symbol_of
from sandbox_image.lane import Desk
from sandbox_image.layout import bind, place, read_layout
from tests.support.xserver import change_group

pytestmark = pytest.mark.x11


@pytest.fixture
def desk(display: str) -> Iterator[Desk]:
    opened = Desk(display)
    yield opened
    opened.close()


@pytest.fixture
def layout(desk: Desk) -> Iterator[Callable[[str], None]]:
    """Sets another layout; the usual one comes back after the test."""

    def choose(name: str) -> None:
        subprocess.run(["setxkbmap", "-display", desk.display, name], check=True, timeout=20)

    yield choose
    choose("us")


def test_a_key_gives_a_symbol_alone_or_with_shift(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("us")
    found = read_layout(desk.x)
    shift = found[SHIFT].code
    assert found[symbol_of("a")] == (found[symbol_of("A")].code, ())
    assert found[symbol_of("A")].held == (shift,)
    assert symbol_of("é") not in found


def test_on_other_layouts_some_symbols_need_alt_gr(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("de")
    found = read_layout(desk.x)
    assert found[symbol_of("@")] == (found[symbol_of("q")].code, (found[LEVEL3].code,))
    assert found[symbol_of("ß")].held == ()


def test_cyrillic_is_found_by_its_characters(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("ru")
    found = read_layout(desk.x)
    assert all(symbol_of(character) in found for character in "абвгЖЩЪ")
    assert symbol_of("q") not in found


def test_the_layout_in_force_is_read_where_there_are_two(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("us,ru")
    assert symbol_of("q") in read_layout(desk.x)
    change_group(desk.display, 1)
    try:
        assert symbol_of("й") in read_layout(desk.x)
        assert symbol_of("q") not in read_layout(desk.x)
    finally:
        change_group(desk.display, 0)


def test_what_is_missing_is_given_to_keys_without_a_use_two_to_a_key(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("us")  # all keys without a use are there
    before = read_layout(desk.x)
    found = bind(desk, map(symbol_of, "漢a字é"))
    assert found is not None
    assert [found[symbol_of(one)].held for one in "漢字é"] == [(), (found[SHIFT].code,), ()]
    assert found[symbol_of("漢")].code == found[symbol_of("字")].code
    assert {symbol: found[symbol] for symbol in before} == before


def test_digits_of_the_keypad_need_neither_shift_nor_num_lock(desk: Desk, layout: Callable[[str], None]) -> None:
    layout("us")
    keypad = {name: symbol for name in ("KP_5", "KP_6", "KP_Home") for symbol in [parse(name)[0].symbol]}
    assert keypad["KP_Home"] in read_layout(desk.x)
    found = bind(desk, [*keypad.values(), symbol_of("é")])
    assert found is not None
    assert [found[symbol].held for symbol in keypad.values()] == [(), (), ()]
    assert len({found[symbol].code for symbol in (*keypad.values(), symbol_of("é"))}) == 4


@pytest.mark.parametrize(("names", "group"), [("ru", 0), ("us,ru", 1), ("il", 0)])
def test_letters_of_shortcuts_are_at_their_keys_of_a_us_keyboard(
    desk: Desk, layout: Callable[[str], None], names: str, group: int
) -> None:
    layout(names)
    change_group(desk.display, group)
    try:
        before = read_layout(desk.x)
        placed = place(desk, [*map(symbol_of, "ac1é"), SHIFT])
        assert placed == {symbol_of("a"): (38, ()), symbol_of("c"): (54, ())}
        assert {symbol: stroke for symbol, stroke in before.items() if not stroke.held}.items() <= (
            read_layout(desk.x).items()
        )
    finally:
        change_group(desk.display, 0)


def test_letters_that_the_layout_has_or_that_have_no_place_are_not_put_anywhere(
    desk: Desk, layout: Callable[[str], None]
) -> None:
    layout("fr")
    assert place(desk, map(symbol_of, "abc")) == {}
    layout("gr,ru")
    assert place(desk, map(symbol_of, "abc")) == {}


def test_a_key_keeps_what_it_was_given(desk: Desk) -> None:
    first = bind(desk, [symbol_of("ж")])
    second = bind(desk, [symbol_of("щ"), symbol_of("ж")])
    assert first is not None
    assert second is not None
    assert first[symbol_of("ж")] == second[symbol_of("ж")]


def test_more_than_there_are_keys_for_is_given_to_none(desk: Desk) -> None:
    before = read_layout(desk.x)
    assert bind(desk, range(UNICODE + 0x4E00, UNICODE + 0x4E00 + 300)) is None
    assert read_layout(desk.x) == before
