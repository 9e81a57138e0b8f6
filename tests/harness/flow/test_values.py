import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.flow.values import parse_modifiers, parse_pattern, parse_point, parse_region, parse_screen, parse_span
from sandbox_image.wire import Region, ScreenPoint, Size


@pytest.mark.parametrize(
    ("text", "seconds"), [("750ms", 0.75), ("5s", 5.0), ("2m", 120.0), ("1h", 3600.0), ("0.5 s", 0.5), ("0s", 0.0)]
)
def test_a_span_has_a_unit(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("value", [5, 5.0, True, None, "5", "s", "-5s", "5 days", "2h", (), {}])
def test_a_span_is_nothing_else(value: object) -> None:
    with pytest.raises(ValueError, match=r"unit|too long"):
        parse_span(value)


def test_places_are_lists_of_whole_numbers() -> None:
    assert parse_point((3, 4)) == ScreenPoint(x=3, y=4)
    assert parse_region((1, 2, 3, 4)) == Region(x=1, y=2, width=3, height=4)
    for bad in ((1,), (1, 2.0), (1, True), "12", (1, 99_999), None):
        with pytest.raises(ValueError, match="a point is"):
            parse_point(bad)


def test_modifiers_are_joined_or_listed() -> None:
    assert parse_modifiers("ctrl + shift") == parse_modifiers(("ctrl", "shift")) == ("ctrl", "shift")
    wrong: tuple[object, ...] = ("ctrl+", ("ctrl", 1), {}, None, 3)
    for bad in wrong:
        with pytest.raises(ValueError, match="modifiers are keys"):
            parse_modifiers(bad)


def test_a_screen_is_width_by_height() -> None:
    assert parse_screen("1280x800") == Size(width=1280, height=800)
    for bad in ("1280", "0x10", "99999x1", (1280, 800), None):
        with pytest.raises(ValueError, match="a screen is"):
            parse_screen(bad)


def test_a_pattern_is_literal_unless_it_stands_between_slashes() -> None:
    assert parse_pattern("a.c").found_in("xA.Cx")
    assert not parse_pattern("a.c").found_in("abc")
    assert parse_pattern("/a.c/").found_in("xABCx")
    assert parse_pattern("//").regex is None


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()).map(tuple)))
def test_nothing_but_value_errors_comes_out(value: object) -> None:
    for parse in (parse_span, parse_point, parse_region, parse_screen, parse_pattern):
        try:
            parse(value)
        except ValueError:
            continue
