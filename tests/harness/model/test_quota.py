from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.quota import Bucket, Quota

NOON = {"date": "Sun, 01 Nov 2026 12:00:00 GMT"}


def headers(kind: str, left: str, reset: str = "2026-11-01T12:01:00Z", size: str | None = None) -> dict[str, str]:
    name = f"anthropic-ratelimit-{kind}"
    told = {f"{name}-remaining": left, f"{name}-reset": reset}
    return {**NOON, **told, **({f"{name}-limit": size} if size else {})}


@pytest.mark.parametrize(
    ("told", "tokens", "seconds"),
    [
        (headers("requests", "0", size="60"), 0, 60.0),
        (headers("requests", "1", size="60"), 0, 0.0),
        (headers("input-tokens", "1000", size="31000"), 3000, 4.0),
        (headers("input-tokens", "0", size="30000"), 3000, 60.0),
        (headers("input-tokens", "2000", size="30000"), 3000, 60 / 28),
        (headers("input-tokens", "5000", size="30000"), 3000, 0.0),
        (headers("input-tokens", "0", size="30000"), 99_000, 60.0),
        (headers("tokens", "1000", size="31000"), 3000, 4.0),
        (headers("output-tokens", "0", size="60"), 3000, 60.0),
        (headers("input-tokens", "0"), 3000, 60.0),
    ],
)
def test_the_wait_is_as_long_as_the_bucket_fills_for_the_next_request(
    told: dict[str, str], tokens: int, seconds: float
) -> None:
    quota = Quota()
    quota.heed(told, 100.0)
    assert quota.wait(tokens, 100.0)[0] == pytest.approx(seconds)


def test_the_longest_wait_says_for_want_of_what() -> None:
    quota = Quota()
    quota.heed(headers("requests", "1", size="60") | headers("input-tokens", "1", size="1001"), 0.0)
    assert quota.wait(501, 0.0) == (30.0, "input tokens")


def test_an_answer_without_a_date_is_taken_to_be_of_now() -> None:
    quota = Quota()
    told = headers("requests", "0", reset=(datetime.now(UTC) + timedelta(seconds=30)).isoformat())  # noqa: TID251
    del told["date"]
    quota.heed(told, 0.0)
    assert 20 < quota.wait(0, 0.0)[0] <= 30


def test_runs_side_by_side_do_not_count_on_the_same_rest() -> None:
    quota = Quota()
    quota.heed(headers("requests", "2", size="60"), 0.0)
    assert quota.wait(0, 0.0)[0] == 0.0
    quota.take(0, 0.0)
    quota.take(0, 0.0)
    assert quota.wait(0, 0.0)[0] == pytest.approx(60 / 58)
    quota.heed(headers("requests", "50", size="60"), 0.5)
    assert quota.wait(0, 0.5)[0] == 0.0


@pytest.mark.parametrize(
    "told",
    [
        {},
        headers("tokens", "many"),
        headers("tokens", "0", reset="soon"),
        headers("tokens", "0", reset="2026-11-01T12:01:00"),
        headers("tokens", "0", reset="2020-01-01T00:00:00Z"),
        {name: value for name, value in headers("tokens", "0").items() if name != "date"},
        {**headers("tokens", "0"), "date": "today"},
        {**NOON, "anthropic-priority-input-tokens-remaining": "0"},
    ],
)
def test_limits_that_say_nothing_hold_nobody_up(told: dict[str, str]) -> None:
    quota = Quota()
    quota.heed(told, 0.0)
    assert quota.wait(10_000, 0.0)[0] == 0.0


amounts = st.floats(0, 1e6)


@given(st.floats(1, 1e6), st.tuples(amounts, amounts, amounts), st.floats(0, 3600), st.floats(0, 60))
def test_a_bucket_is_ready_before_it_is_full(
    size: float, amounts: tuple[float, float, float], span: float, later: float
) -> None:
    left, need, taken = amounts
    bucket = Bucket(size, min(left, size), 0.0, span)
    assert 0.0 <= bucket.ready(need) <= span + 1e-6
    bucket.take(taken, later)
    assert later <= bucket.ready(need) <= bucket.full + 1e-6
