from __future__ import annotations

from itertools import pairwise

from harness.model.catalog import EFFORTS
from harness.model.patience import CONNECT_S, Patience, patience


def test_more_effort_is_waited_for_longer() -> None:
    silences = [patience({"output_config": {"effort": effort}}).silence for effort in EFFORTS]
    assert all(less < more for less, more in pairwise(silences))


def test_a_longer_answer_may_take_longer_and_silence_may_not() -> None:
    short, long = patience({"max_tokens": 1000}), patience({"max_tokens": 100_000})
    assert short.whole < long.whole
    assert short.silence == long.silence
    assert short.connect == CONNECT_S


def test_nothing_takes_longer_than_the_ceiling() -> None:
    assert patience({"max_tokens": 100_000, "output_config": {"effort": "max"}}, 5.0) == Patience(5.0, 5.0, 5.0)
