from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_image.settle import Box, Settling, wait_until_still
from sandbox_image.wire import Settle

BIG = Box(0, 0, 200, 100)
CARET = Box(50, 50, 53, 68)


def waited(events: Sequence[tuple[float, Box]], policy: Settle | None = None) -> tuple[float, bool]:
    """Milliseconds that a wait takes over damage at these milliseconds, and whether the screen was still."""
    settling = Settling(policy or Settle(), start=10.0)
    now = 10.0
    coming = [(10.0 + at / 1000, box) for at, box in events]

    def damage(until: float) -> list[tuple[float, Box]]:
        nonlocal now
        if coming and coming[0][0] <= until:
            now = max(now, coming[0][0])
            return [coming.pop(0)]
        now = until
        return []

    wait_until_still(settling, damage, lambda: now)
    return round((now - 10.0) * 1000, 3), settling.still


def test_nothing_by_the_first_deadline_means_nothing_will_come() -> None:
    assert waited([]) == (250, True)


def test_it_is_over_when_the_quiet_time_has_passed_since_the_last_damage() -> None:
    assert waited([(5, BIG), (100, BIG), (250, BIG)]) == (450, True)


def test_an_answer_at_once_takes_the_quiet_time_only() -> None:
    assert waited([(2, BIG)]) == (202, True)


def test_damage_from_before_the_wait_counts_as_if_it_came_at_its_start() -> None:
    assert waited([(-500, BIG)]) == (200, True)


def test_a_screen_that_never_rests_ends_at_the_limit_and_is_not_still() -> None:
    assert waited([(at, BIG) for at in range(0, 5000, 16)]) == (2000, False)


def test_damage_late_but_within_the_limit_is_waited_out() -> None:
    assert waited([(at, BIG) for at in range(0, 1801, 100)]) == (2000, True)


def test_a_blinking_caret_does_not_hold_up_the_wait() -> None:
    quiet_600 = Settle(quiet_ms=600)
    assert waited([(5, BIG), *((at, CARET) for at in range(100, 5000, 400))], quiet_600) == (700, True)


def test_a_small_busy_mark_does_not_hold_up_the_wait() -> None:
    marks = [(at, Box(100 + at // 16 % 3, 100, 116, 116)) for at in range(0, 5000, 16)]
    assert waited(marks) == (200, True)


def test_letters_that_appear_one_after_the_other_do_count() -> None:
    letters = [(at, Box(at, 50, at + 10, 68)) for at in range(0, 1000, 50)]
    ended, still = waited(letters)
    assert ended >= 1050
    assert still


def test_two_carets_far_from_each_other_are_two() -> None:
    other = Box(700, 500, 703, 518)
    blinks = [(at, (CARET, other)[at // 100 % 2]) for at in range(0, 5000, 100)]
    assert waited(blinks) == (300, True)


@pytest.mark.parametrize("limit", [1, 50, 199])
def test_the_limit_holds_even_where_it_is_shorter_than_the_quiet_time(limit: int) -> None:
    assert waited([(0, BIG)], Settle(limit_ms=limit)) == (limit, False)
    assert waited([], Settle(limit_ms=limit)) == (limit, False)


def test_a_box_knows_its_area_and_what_holds_it_and_another() -> None:
    assert CARET.area == 54
    assert CARET.joined(BIG) == BIG
    assert Box(0, 0, 1, 1).joined(Box(9, 4, 10, 5)) == Box(0, 0, 10, 5)


BOXES = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    *[st.integers(0, 1000)] * 2,
    *[st.integers(1, 300)] * 2,
)
EVENTS = st.lists(st.tuples(st.floats(-100, 3000), BOXES), max_size=60).map(sorted)


@given(EVENTS)
def test_every_wait_ends_between_the_first_deadline_or_the_quiet_time_and_the_limit(
    events: list[tuple[float, Box]],
) -> None:
    ended, still = waited(events)
    assert 200 <= ended <= 2000
    assert still or ended == 2000
