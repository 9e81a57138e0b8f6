from __future__ import annotations

import pytest

from sandbox_image.clicks import APART_S, NEAR, Clicks


def test_the_first_press_waits_for_nothing() -> None:
    assert Clicks().rest("left", 5, 5, 0) == 0


@pytest.mark.parametrize(
    ("press", "rest"),
    [
        (("left", 100, 100, 7.0), APART_S),
        (("left", 100 + NEAR, 100 - NEAR, 7.0), APART_S),
        (("left", 100, 100, 7.0 + APART_S / 2), APART_S / 2),
        (("left", 100, 100, 7.0 + APART_S), 0),
        (("left", 100, 101 + NEAR, 7.0), 0),
        (("right", 100, 100, 7.0), 0),
    ],
)
def test_a_press_waits_until_none_is_counted_with_it(press: tuple[str, int, int, float], rest: float) -> None:
    clicks = Clicks()
    clicks.note("right", 100, 100, 6.9)
    clicks.note("left", 100, 100, 7.0)
    assert clicks.rest(*press) == pytest.approx(rest)
