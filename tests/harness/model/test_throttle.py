from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from harness.errors import CutShort, HarnessError, Rejected, Unavailable
from harness.model.throttle import ATTEMPTS, LONGEST_S, PAUSE_S, ROW, Throttle, Waiting

NOON = {"date": "Sun, 01 Nov 2026 12:00:00 GMT"}


@dataclass
class Time:
    """A clock that moves when somebody sleeps, for all who sleep at the same time."""

    passed: float = 100.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.passed + seconds
        await asyncio.sleep(0)
        self.passed = max(self.passed, until)

    def throttle(self) -> Throttle:
        return Throttle(
            clock=lambda: self.passed,
            sleep=self.sleep,
            random=lambda: 0.0,
        )


def failing(*errors: HarnessError) -> Callable[[], Awaitable[str]]:
    """A question that fails with these before it is answered."""
    left = list(errors)

    async def question() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return question


def overloaded() -> Unavailable:
    return Unavailable("overloaded", "busy")


async def test_what_passes_is_asked_again_later_each_time() -> None:
    time, waits = Time(), list[Waiting]()
    errors = [Unavailable("connection", "gone"), CutShort("early"), Unavailable("timeout", "late")]
    assert await time.throttle().ask(failing(*errors), waits.append) == "answer"
    assert time.slept == [0.5, 1.0, 2.0]
    assert [wait.reason for wait in waits] == ["gone", "early", "late"]


async def test_the_api_is_waited_for_as_long_as_it_says() -> None:
    time = Time()
    error = Unavailable("rate limit", "slow down", after=17.5)
    assert await time.throttle().ask(failing(error), lambda _: None) == "answer"
    assert time.slept == [17.5]


@pytest.mark.parametrize(
    "error",
    [
        Rejected("no"),
        Unavailable("rate limit", "come tomorrow", after=LONGEST_S + 1),
        Unavailable("status 500", "never", again=False),
    ],
)
async def test_what_does_not_pass_is_raised_at_once(error: HarnessError) -> None:
    time = Time()
    with pytest.raises(type(error)):
        await time.throttle().ask(failing(error), lambda _: None)
    assert time.slept == []


async def test_nobody_asks_for_ever() -> None:
    time = Time()
    with pytest.raises(Unavailable):
        await time.throttle().ask(failing(*[Unavailable("connection", "gone")] * ATTEMPTS), lambda _: None)
    assert len(time.slept) == ATTEMPTS - 1
    assert max(time.slept) <= LONGEST_S


async def test_jitter_makes_waits_shorter_and_never_longer() -> None:
    time = Time()
    throttle = time.throttle()
    throttle.random = lambda: 1.0
    await throttle.ask(failing(Unavailable("connection", "gone")), lambda _: None)
    assert time.slept == [0.375]


async def test_a_limit_that_is_used_up_is_waited_out_before_it_refuses() -> None:
    time, waits = Time(), list[Waiting]()
    throttle = time.throttle()
    reset = {"anthropic-ratelimit-input-tokens-reset": "2026-11-01T12:00:09Z"}
    throttle.heed({"anthropic-ratelimit-input-tokens-remaining": "0"} | reset | NOON)
    assert await throttle.ask(failing(), waits.append) == "answer"
    assert [(round(wait.seconds), wait.reason) for wait in waits] == [(9, "rate limit: no input tokens left")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"anthropic-ratelimit-tokens-remaining": "5", "anthropic-ratelimit-tokens-reset": "2030-01-01T00:00:00Z"},
        {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2020-01-01T00:00:00Z"},
        {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "soon"},
        {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "2030-01-01T00:00:00"},
    ],
)
async def test_limits_that_leave_something_or_say_nothing_hold_nobody_up(headers: dict[str, str]) -> None:
    time = Time()
    throttle = time.throttle()
    throttle.heed(headers | NOON)
    throttle.heed(headers)
    await throttle.ask(failing(), lambda _: None)
    assert time.slept == []


async def test_after_overloads_in_a_row_all_runs_pause_and_one_asks_for_all() -> None:
    time = Time()
    throttle = time.throttle()
    asking, most = 0, 0
    left = [overloaded() for _ in range(ROW)]

    async def question() -> str:
        nonlocal asking, most
        asking += 1
        most = max(most, asking if not left else 0)
        await asyncio.sleep(0)
        asking -= 1
        if left:
            raise left.pop()
        return "answer"

    answers = await asyncio.gather(*(throttle.ask(question, lambda _: None) for _ in range(ROW)))
    assert answers == ["answer"] * ROW
    assert max(time.slept) > PAUSE_S - 1
    assert most == 1


async def test_other_failures_between_overloads_do_not_count() -> None:
    time = Time()
    throttle = time.throttle()
    for _ in range(ROW * 2):
        await throttle.ask(failing(overloaded()), lambda _: None)
    assert max(time.slept) < 1
