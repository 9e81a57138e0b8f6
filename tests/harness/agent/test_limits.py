from __future__ import annotations

import pytest

from harness.agent.limits import Limits, Spent
from harness.model.catalog import Price
from harness.model.turn import Turn

USED = Turn({"usage": {"input_tokens": 1000, "output_tokens": 500}})
NONE = Limits(steps=None, seconds=None)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(steps=2), "steps"),
        (Limits(steps=3, tokens=3000), "tokens"),
        (Limits(cost=0.012), "cost"),
        (Limits(seconds=60), "time"),
    ],
)
def test_the_first_limit_that_is_used_up_is_told(limits: Limits, name: str) -> None:
    clock = Clock()
    spent = Spent(Price(input=2, output=10), clock)
    for _ in range(2):
        assert spent.reached(limits) is None
        spent.add(USED)
    clock.now += 60
    reached = spent.reached(limits)
    assert reached is not None
    assert reached.limit == name


def test_less_than_a_cent_is_told_as_it_is() -> None:
    spent = Spent(cost=0.00361)
    reached = spent.reached(Limits(cost=0.003))
    assert reached is not None
    assert reached.message == "$0.00361 were spent; $0.003 are allowed"


def test_without_limits_none_is_reached() -> None:
    spent = Spent()
    spent.add(Turn({"usage": {"input_tokens": 10**12}}))
    assert spent.reached(NONE) is None


def test_an_unknown_price_leaves_the_cost_unknown() -> None:
    spent = Spent()
    spent.add(USED)
    assert spent.cost is None
    assert spent.reached(Limits(cost=0.0)) is None


def test_time_that_was_paused_does_not_count() -> None:
    clock = Clock()
    spent = Spent(clock=clock)
    clock.now += 10
    with spent.pause():
        clock.now += 50
        with spent.pause():
            clock.now += 40
        assert spent.seconds == 10
    clock.now += 5
    assert spent.seconds == 15
