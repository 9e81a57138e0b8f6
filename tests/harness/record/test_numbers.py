from __future__ import annotations

import pytest

from harness.record.numbers import count, dollars, seconds, share


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.04, "0.0 s"), (9.9, "9.9 s"), (9.96, "10 s"), (12.4, "12 s"), (59.7, "1 min"), (125, "2 min 5 s"),
        (3600, "1 h"), (3840, "1 h 4 min"), (7199.9, "2 h"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_do(value: float, said: str) -> None:
    assert seconds(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (12_345, "12.3k"), (999_949, "999.9k"), (999_950, "1.00M")],
)
def test_tokens_are_counted_in_thousands_and_millions(value: int, said: str) -> None:
    assert count(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, "unknown"), (0, "$0.00"), (0.0123, "$0.012"), (0.999, "$1.00"), (12.345, "$12.35")]
)
def test_money_has_the_digits_that_tell_something(value: float | None, said: str) -> None:
    assert dollars(value) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 0, "0 %"), (0, 9, "0 %"), (1, 999, "<1 %"), (998, 999, ">99 %"), (5, 5, "100 %")]
)
def test_a_share_is_never_rounded_to_nothing_or_all(part: float, whole: float, said: str) -> None:
    assert share(part, whole) == said
