from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from harness.errors import CutShort, HarnessError, Rejected, Unavailable
from harness.model.breaker import PAUSE_S, ROW
from harness.model.throttle import (
    ATTEMPTS,
    CEILING_S,
    LONGEST_S,
    OVERLOADED,
    PATIENCE_S,
    RATE_LIMIT,
    Throttle,
    Waiting,
    shared,
)
from tests.support.moments import Moments

NOON = {"date": "Sun, 01 Nov 2026 12:00:00 GMT"}


def nobody(_: Waiting) -> None:
    """Nobody listens."""


def failing(*errors: HarnessError) -> Callable[[], Awaitable[str]]:
    """A question that fails with these before it is answered."""
    left = list(errors)

    async def question() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return question


def overloaded() -> Unavailable:
    return Unavailable(OVERLOADED, "busy")


async def test_what_passes_is_asked_again_later_each_time() -> None:
    time, waits = Moments(), list[Waiting]()
    errors: list[HarnessError] = [Unavailable("connection", "gone"), CutShort("early"), Unavailable("timeout", "late")]
    assert await time.throttle().ask(failing(*errors), waits.append) == "answer"
    assert time.slept == [0.5, 1.0, 2.0]
    assert waits == [
        Waiting(0.5, "gone", "connection"),
        Waiting(1.0, "early", "cut short"),
        Waiting(2.0, "late", "timeout"),
    ]


async def test_a_wait_is_told_before_it_begins() -> None:
    time = Moments()
    told: list[tuple[float, int]] = []
    await time.throttle().ask(failing(CutShort("early")), lambda wait: told.append((wait.seconds, len(time.slept))))
    assert told == [(0.5, 0)]


async def test_the_api_is_waited_for_as_long_as_it_says() -> None:
    time = Moments()
    error = Unavailable(RATE_LIMIT, "slow down", after=17.5)
    assert await time.throttle().ask(failing(error), nobody) == "answer"
    assert time.slept == [17.5]


async def test_where_one_run_is_to_wait_for_a_limit_all_do() -> None:
    time, waits = Moments(), list[Waiting]()
    throttle = time.throttle()
    first = throttle.ask(failing(Unavailable(RATE_LIMIT, "slow down", after=12)), nobody)
    second = throttle.ask(failing(), waits.append)
    assert set(await asyncio.gather(first, second)) == {"answer"}
    assert waits == [Waiting(12, "slow down", RATE_LIMIT)]


@pytest.mark.parametrize(
    "error",
    [
        Rejected("no"),
        Unavailable("status 500", "never", again=False),
        Unavailable(OVERLOADED, "never", again=False),
    ],
)
async def test_what_does_not_pass_is_raised_at_once(error: HarnessError) -> None:
    time = Moments()
    with pytest.raises(type(error), match=str(error)):
        await time.throttle().ask(failing(error), nobody)
    assert time.slept == []


@pytest.mark.parametrize("kind", [RATE_LIMIT, OVERLOADED])
async def test_too_long_a_wait_is_a_failure_that_says_how_long(kind: str) -> None:
    time = Moments()
    with pytest.raises(Unavailable, match=r"come tomorrow; the API asks to wait 86400 s, and 300 s are waited at most"):
        await time.throttle().ask(failing(Unavailable(kind, "come tomorrow", after=86_400)), nobody)
    assert time.slept == []


async def test_nobody_asks_for_ever() -> None:
    time = Moments()
    with pytest.raises(Unavailable):
        await time.throttle().ask(failing(*[Unavailable("connection", "gone")] * ATTEMPTS), nobody)
    assert len(time.slept) == ATTEMPTS - 1
    assert max(time.slept) <= LONGEST_S


async def test_jitter_makes_our_own_waits_shorter_and_those_the_api_asks_for_longer() -> None:
    time = Moments(chance=1.0)
    errors: list[HarnessError] = [Unavailable("connection", "gone"), Unavailable("status 503", "away", after=8)]
    await time.throttle().ask(failing(*errors), nobody)
    assert time.slept == [0.375, 10.0]


async def test_a_limit_that_is_used_up_is_waited_out_before_it_refuses() -> None:
    time, waits = Moments(), list[Waiting]()
    throttle = time.throttle()
    reset = {"anthropic-ratelimit-input-tokens-reset": "2026-11-01T12:00:09Z"}
    throttle.heed({"anthropic-ratelimit-input-tokens-remaining": "0"} | reset | NOON)
    assert await throttle.ask(failing(), waits.append) == "answer"
    assert waits == [Waiting(9.0, "rate limit: too few input tokens left", RATE_LIMIT)]


async def test_a_wait_for_a_limit_has_an_end_whatever_the_headers_say() -> None:
    time = Moments()
    throttle = time.throttle()
    reset = {"anthropic-ratelimit-requests-reset": "2026-11-01T12:02:30Z"}
    throttle.heed({"anthropic-ratelimit-requests-remaining": "0"} | reset | NOON)
    await throttle.ask(failing(), nobody)
    assert time.slept == [LONGEST_S, LONGEST_S, 30.0]


@dataclass
class Overload:
    """A question that meets an overload so many times; how many have asked since, until one was answered."""

    left: int = 0
    since: int = 0
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def __call__(self) -> str:
        with self.lock:
            self.left -= 1
            refused = self.left >= 0
            self.since += not refused and not self.over
        await asyncio.sleep(0)
        if refused:
            raise overloaded()
        self.over = True
        return "answer"


async def test_after_overloads_in_a_row_all_runs_pause_and_one_asks_for_all() -> None:
    time, waits, question = Moments(), list[Waiting](), Overload(ROW)
    throttle = time.throttle()
    answers = await asyncio.gather(*(throttle.ask(question, waits.append) for _ in range(ROW)))
    assert answers == ["answer"] * ROW
    assert PAUSE_S in time.slept
    assert question.since == 1
    assert [wait.kind for wait in waits] == [OVERLOADED] * len(waits)


async def test_a_long_overload_is_waited_out_by_fifty_runs_with_few_questions() -> None:
    time = Moments()
    throttle = time.throttle()
    asked = 0

    async def question() -> str:
        nonlocal asked
        asked += 1
        if time.passed < 100 + 600:
            raise overloaded()
        return "answer"

    runs = [throttle.ask(question, nobody) for _ in range(50)]
    assert await asyncio.gather(*runs) == ["answer"] * 50
    assert asked < 50 + 50 + 10


async def test_an_overload_without_end_is_a_failure_after_a_while() -> None:
    time = Moments()

    async def question() -> str:
        raise overloaded()

    with pytest.raises(Unavailable, match="overloaded: the API takes no requests"):
        await time.throttle().ask(question, nobody)
    assert PATIENCE_S <= time.passed - 100 < 2 * PATIENCE_S


async def test_one_without_patience_does_not_wait_for_an_overload_to_end() -> None:
    time = Moments()
    throttle = time.throttle()
    with pytest.raises(Unavailable) as raised:
        await throttle.ask(failing(*[overloaded()] * (ROW + 1)), nobody, patient=False)
    assert raised.value.kind == OVERLOADED
    assert max(time.slept) < PAUSE_S


async def test_other_failures_between_overloads_do_not_count() -> None:
    time = Moments()
    throttle = time.throttle()
    for _ in range(ROW * 2):
        await throttle.ask(failing(overloaded()), nobody)
    assert max(time.slept) < 1


async def test_an_answer_that_began_before_an_overload_does_not_end_it() -> None:
    time = Moments()
    throttle = time.throttle()
    goes_on = asyncio.Event()

    async def slow() -> str:
        await goes_on.wait()
        return "answer"

    early = asyncio.create_task(throttle.ask(slow, nobody))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await throttle.ask(failing(*[overloaded()] * ROW), nobody, patient=False)
    goes_on.set()
    assert await early == "answer"
    with pytest.raises(Unavailable):
        await throttle.ask(failing(), nobody, patient=False)


async def test_who_is_cancelled_while_asking_for_all_leaves_that_to_the_next() -> None:
    time = Moments()
    throttle = time.throttle()
    with pytest.raises(Unavailable):
        await throttle.ask(failing(*[overloaded()] * ROW), nobody, patient=False)
    time.passed += PAUSE_S
    asked = asyncio.Event()

    async def never() -> str:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    probe = asyncio.create_task(throttle.ask(never, nobody))
    await asked.wait()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await throttle.ask(failing(), nobody, patient=False) == "answer"


async def test_cancelling_ends_a_wait_at_once() -> None:
    waits = asyncio.Queue[Waiting]()
    asking = asyncio.create_task(
        Throttle().ask(failing(Unavailable(RATE_LIMIT, "slow down", after=CEILING_S)), waits.put_nowait)
    )
    await waits.get()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_it_outlives_event_loops() -> None:
    throttle, time = Throttle(), Moments()
    throttle.sleep = time.sleep
    for _ in range(3):
        errors = [overloaded(), CutShort("early"), Unavailable(RATE_LIMIT, "slow", after=0.0)]
        assert asyncio.run(throttle.ask(failing(*errors), nobody)) == "answer"


def test_it_is_shared_by_threads_each_with_a_loop_of_its_own() -> None:
    question, passed = Overload(ROW), itertools.count(0, PAUSE_S + 1)
    throttle = Throttle(clock=lambda: float(next(passed)), sleep=lambda _: asyncio.sleep(0))
    answers = []

    def ask() -> None:
        answers.append(asyncio.run(throttle.ask(question, nobody)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["answer"] * 8


def test_the_same_name_is_the_same_throttle() -> None:
    assert shared("one API and key") is shared("one API and key")
    assert shared("one API and key") is not shared("another")
