from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.model.breaker import LONGEST_PAUSE_S, PAUSE_S, POLL_S, ROW, Breaker


@dataclass
class Time:
    now: float = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def broken(time: Time) -> Breaker:
    breaker = Breaker(time)
    for _ in range(ROW):
        assert breaker.wait() == 0.0
        assert not breaker.enter()
        breaker.overloaded(0.0, probe=False)
    return breaker


def test_after_overloads_in_a_row_nobody_asks_for_a_while(broken: Breaker, time: Time) -> None:
    assert broken.open
    assert broken.wait() == PAUSE_S
    time.now += PAUSE_S
    assert broken.wait() == 0.0


def test_an_answer_in_between_begins_the_row_anew(time: Time) -> None:
    breaker = Breaker(time)
    for _ in range(ROW):
        for _ in range(ROW - 1):
            breaker.overloaded(0.0, probe=False)
        breaker.answered()
    assert not breaker.open


def test_one_asks_for_all_while_the_others_look_in_again(broken: Breaker, time: Time) -> None:
    time.now += PAUSE_S
    assert broken.enter()
    assert broken.wait() == POLL_S
    broken.answered()
    assert broken.wait() == 0.0
    assert not broken.enter()


def test_each_refusal_of_the_one_makes_the_pause_longer_up_to_an_end(broken: Breaker, time: Time) -> None:
    waits = []
    for _ in range(4):
        time.now += broken.wait()
        assert broken.enter()
        broken.overloaded(0.0, probe=True)
        waits.append(broken.wait())
    assert waits == [2 * PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_the_api_may_ask_for_a_longer_pause(broken: Breaker, time: Time) -> None:
    time.now += PAUSE_S
    broken.enter()
    broken.overloaded(200.0, probe=True)
    assert broken.wait() == 200.0


def test_late_refusals_of_others_do_not_make_the_pause_longer(broken: Breaker, time: Time) -> None:
    time.now += PAUSE_S - 1
    broken.overloaded(0.0, probe=False)
    assert broken.wait() == 1.0


def test_where_the_one_leaves_the_next_one_asks_for_all(broken: Breaker, time: Time) -> None:
    time.now += PAUSE_S
    assert broken.enter()
    broken.left(probe=True)
    assert broken.wait() == 0.0
    assert broken.enter()
