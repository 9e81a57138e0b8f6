from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_image.settle import CARET_AREA, Box, Settling, Sign, Spots, wait_until_still
from sandbox_image.wire import Settle

BIG = Box(0, 0, 200, 100)
CARET = Box(50, 50, 53, 68)
START = 10.0
NEVER: Callable[[float], bool] = lambda _: False  # noqa: E731 - a default


@dataclass
class Desktop:
    """What happens on a desktop, at milliseconds after the start of the wait."""

    drawn: Iterable[tuple[float, Box]] = ()
    working: Callable[[float], bool] = NEVER  # one processor's work
    job: Callable[[float], bool] = NEVER
    stalls: Sequence[tuple[float, float]] = ()  # when the watcher gets no processor
    usual: float | None = 0.0
    turned: tuple[Box, ...] = ()
    now: float = field(default=START, init=False)

    def settle(self, policy: Settle | None = None) -> Settling:
        """Wait, until `self.now`."""
        self.settling = Settling(policy or Settle(), START, self.usual, turned=self.turned)
        self._coming = [(START + at / 1000, box) for at, box in self.drawn]
        self._work = 0.0
        wait_until_still(self.settling, self._damage, self._look, lambda: self.now)
        return self.settling

    @property
    def ms(self) -> float:
        """Milliseconds since the start."""
        return round((self.now - START) * 1000, 3)

    def _damage(self, until: float) -> list[tuple[float, Box]]:
        came = self._coming and self._coming[0][0] <= until
        self._pass(self._coming[0][0] if came else until)
        return [self._coming.pop(0)] if came else []

    def _pass(self, to: float) -> None:
        if to > self.now and self.working(self.ms):
            self._work += to - self.now
        self.now = max(self.now, to)
        for begin, end in self.stalls:
            if begin <= self.ms < end:
                self._pass(START + end / 1000)

    def _look(self) -> Sign:
        return Sign(self.now, self._work, self.job(self.ms))


def waited(drawn: Iterable[tuple[float, Box]], policy: Settle | None = None) -> tuple[float, bool]:
    """Milliseconds that a wait takes where nobody works beside drawing, and whether the screen was still."""
    desktop = Desktop(drawn)
    settling = desktop.settle(policy)
    return desktop.ms, settling.still


def between(begin: float, end: float) -> Callable[[float], bool]:
    return lambda ms: begin <= ms < end


# --- the screen ---------------------------------------------------------------------------------------------------


def test_nothing_by_the_first_deadline_means_nothing_will_come() -> None:
    assert waited([]) == (250, True)


def test_an_answer_at_once_takes_the_quiet_time_only() -> None:
    assert waited([(2, BIG)]) == (72, True)


def test_a_pause_may_be_as_long_as_what_came_before_it_up_to_a_bound() -> None:
    assert waited([(2, BIG), (70, BIG), (120, BIG)]) == (240, True)
    assert waited([(at, BIG) for at in range(0, 901, 60)]) == (1100, True)


def test_a_quiet_time_longer_than_that_bound_is_kept() -> None:
    assert waited([(400, BIG)], Settle(quiet_ms=300, first_ms=500)) == (700, True)


def test_damage_from_before_the_wait_counts_as_if_it_came_at_its_start() -> None:
    assert waited([(-500, BIG)]) == (70, True)


def test_a_screen_that_never_rests_ends_at_the_limit_and_is_not_still() -> None:
    assert waited([(at, BIG) for at in range(0, 5000, 16)]) == (2000, False)


def test_damage_late_but_within_the_limit_is_waited_out() -> None:
    assert waited([(at, BIG) for at in range(0, 1801, 60)]) == (2000, True)


@pytest.mark.parametrize("limit", [1, 50, 69])
def test_the_limit_holds_even_where_it_is_shorter_than_the_quiet_time(limit: int) -> None:
    assert waited([(0, BIG)], Settle(limit_ms=limit)) == (limit, False)
    assert waited([], Settle(limit_ms=limit)) == (limit, False)


# --- small spots ----------------------------------------------------------------------------------------------------


def test_a_blinking_caret_does_not_hold_up_the_wait() -> None:
    quiet_600 = Settle(quiet_ms=600)
    assert waited([(5, BIG), *((at, CARET) for at in range(100, 5000, 400))], quiet_600) == (700, True)


def test_two_carets_far_from_each_other_are_two() -> None:
    other = Box(700, 500, 703, 518)
    blinks = [(at, (CARET, other)[at // 250 % 2]) for at in range(0, 5000, 250)]
    assert waited(blinks, Settle(quiet_ms=300)) == (550, True)


def test_a_mark_that_turns_is_waited_for_with_patience_and_the_screen_is_busy() -> None:
    desktop = Desktop([(at, Box(100, 100, 175 + at % 3, 175)) for at in range(0, 5000, 16)])
    settling = desktop.settle()
    assert (desktop.ms, settling.still, settling.busy) == (2000, True, True)


def test_a_mark_that_turned_when_the_last_wait_was_over_is_not_waited_for_again() -> None:
    marks = [(at, Box(100, 100, 175 + at % 3, 175)) for at in range(0, 5000, 16)]
    turned = Desktop(marks).settle().marks
    for answer in ([], [(5, BIG)], [(5, BIG), (150, BIG)]):
        desktop = Desktop(sorted([*marks, *answer]), turned=turned)
        settling = desktop.settle()
        assert (desktop.ms < 400, settling.still, settling.busy) == (True, True, False)
        turned = settling.marks
    assert Desktop([(5, BIG)], turned=turned).settle().marks == turned  # too short to tell
    assert Desktop(turned=turned).settle().marks == ()


def test_a_mark_elsewhere_is_waited_for() -> None:
    turned = Desktop([(at, Box(100, 100, 175, 175)) for at in range(0, 5000, 16)]).settle().marks
    desktop = Desktop([(at, Box(400, 100, 475, 175)) for at in range(0, 5000, 16)], turned=turned)
    assert desktop.settle().busy


def test_what_comes_when_a_mark_has_turned_is_seen() -> None:
    marks = [(at, Box(100, 100, 116, 116)) for at in range(0, 600, 33)]
    assert waited([*marks, (600, BIG)]) == (800, True)


def test_letters_that_appear_one_after_the_other_are_seen_to_the_end() -> None:
    ended, still = waited([(at, Box(at, 50, at + 10, 68)) for at in range(0, 1000, 50)])
    assert ended >= 1030
    assert still


def test_a_spot_keeps_its_place_among_many() -> None:
    spots = Spots(CARET_AREA)
    assert spots.last(CARET, 0) is None
    assert [spots.last(Box(x, 400, x + 5, 420), 1) for x in range(0, 600, 100)] == [None] * 6
    assert (spots.last(CARET, 2), spots.last(CARET, 3)) == (0, 2)
    assert spots.last(BIG, 4) is None
    assert spots.last(BIG, 5) is None


# --- signs of work --------------------------------------------------------------------------------------------------


def test_work_holds_up_the_wait_until_it_rests() -> None:
    desktop = Desktop([(5, BIG), (400, BIG)], working=between(0, 400))
    assert (desktop.settle().busy, desktop.ms) == (False, 600)


def test_what_comes_late_after_work_without_drawing_is_seen() -> None:
    desktop = Desktop([(300, BIG)], working=between(0, 290))
    desktop.settle()
    assert desktop.ms == 500


def test_work_that_does_not_end_is_waited_for_with_patience() -> None:
    desktop = Desktop([(5, BIG)], working=between(0, 9_000))
    settling = desktop.settle(Settle(patience_ms=700))
    assert (desktop.ms, settling.still, settling.busy) == (705, True, True)


def test_without_patience_the_screen_alone_decides() -> None:
    desktop = Desktop([(5, BIG)], working=between(0, 9_000), job=between(0, 9_000))
    desktop.settle(Settle(patience_ms=0))
    assert desktop.ms == 75


def test_a_command_in_a_terminal_is_waited_for_though_it_sleeps() -> None:
    desktop = Desktop([(5, BIG), (506, BIG)], job=between(0, 505))
    assert (desktop.settle().still, desktop.ms) == (True, 706)


def test_a_program_that_always_works_is_not_waited_for() -> None:
    desktop = Desktop([(5, BIG)], working=between(0, 9_000), usual=0.9)
    assert (desktop.settle().busy, desktop.ms) == (False, 75)


def test_a_program_that_always_works_by_fits_and_starts_is_not_waited_for() -> None:
    desktop = Desktop([(5, BIG)], working=lambda ms: ms % 40 < 12, usual=0.3)
    desktop.settle()
    assert desktop.ms < 200


def test_where_work_is_not_told_every_pause_may_be_long() -> None:
    desktop = Desktop([(5, BIG)], usual=None)
    desktop.settle()
    assert desktop.ms == 205


def test_a_watcher_that_got_no_processor_does_not_take_that_time_for_rest() -> None:
    desktop = Desktop([(5, BIG), (230, BIG)], stalls=[(50, 140)])
    desktop.settle()
    assert desktop.ms == 430


def test_the_next_input_keeps_its_distance_from_the_last_of_an_answer() -> None:
    prompt = Desktop([(5, BIG)]).settle()
    assert round(prompt.next_input - START, 3) == 0.205
    assert round(Desktop([(5, BIG)]).settle(Settle(quiet_ms=20)).next_input - START, 3) == 0.065
    worked = Desktop([(5, BIG)], working=between(0, 300)).settle()
    assert round(worked.next_input - START, 3) == 0.5


def test_a_box_knows_its_area_and_what_holds_it_and_another() -> None:
    assert CARET.area == 54
    assert CARET.joined(BIG) == BIG
    assert Box(0, 0, 1, 1).joined(Box(9, 4, 10, 5)) == Box(0, 0, 10, 5)


BOXES = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    *[st.integers(0, 1000)] * 2,
    *[st.integers(1, 300)] * 2,
)
DRAWN = st.lists(st.tuples(st.floats(-100, 3000), BOXES), max_size=60).map(sorted)
SPANS = st.builds(between, st.floats(0, 3000), st.floats(0, 3000))


@given(DRAWN, SPANS, SPANS)
def test_every_wait_ends_between_the_quiet_time_and_the_limit(
    drawn: list[tuple[float, Box]], working: Callable[[float], bool], job: Callable[[float], bool]
) -> None:
    desktop = Desktop(drawn, working, job)
    settling = desktop.settle()
    assert 70 <= desktop.ms <= 2000
    assert settling.still or desktop.ms == 2000


@given(DRAWN, SPANS, SPANS)
def test_signs_of_work_never_make_a_wait_shorter(
    drawn: list[tuple[float, Box]], working: Callable[[float], bool], job: Callable[[float], bool]
) -> None:
    with_signs, without = Desktop(drawn, working, job), Desktop(drawn)
    with_signs.settle()
    without.settle()
    assert with_signs.ms >= without.ms
