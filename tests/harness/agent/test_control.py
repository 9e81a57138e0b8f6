from __future__ import annotations

import asyncio

import pytest

from harness.agent.control import Control
from harness.agent.limits import Limits, Spent
from harness.agent.outcome import Finished, LimitReached, Outcome, Stopped

FOREVER = Limits(seconds=None)


class Work:
    """Goes on until it is cancelled, and then takes a while to end."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.ended = False

    async def run(self) -> Outcome:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.ended = True
        raise AssertionError("it waits for ever")


async def done() -> Outcome:
    return Finished("done")


async def test_a_run_that_ends_by_itself_has_its_own_outcome() -> None:
    assert await Control().over(done(), Spent(), FOREVER) == Finished("done")


async def test_a_run_that_is_stopped_ends_before_that_is_its_outcome() -> None:
    control, work = Control(), Work()
    over = asyncio.create_task(control.over(work.run(), Spent(), FOREVER))
    await work.began.wait()
    control.stop("enough")
    control.stop("once more changes nothing")
    assert await over == Stopped("enough")
    assert work.ended


async def test_a_run_that_was_stopped_before_it_began_does_nothing() -> None:
    control, work = Control(), Work()
    control.stop()
    assert await control.over(work.run(), Spent(), FOREVER) == Stopped("stopped")
    assert not work.began.is_set()


async def test_time_ends_a_run_in_the_middle_of_a_step() -> None:
    work = Work()
    outcome = await Control().over(work.run(), Spent(), Limits(seconds=0.05))
    assert isinstance(outcome, LimitReached)
    assert outcome.limit == "time"
    assert work.ended


async def test_time_does_not_end_a_run_while_its_clock_stands() -> None:
    control, work, spent = Control(), Work(), Spent()
    with spent.pause():
        over = asyncio.create_task(control.over(work.run(), spent, Limits(seconds=0.01)))
        await asyncio.wait((over,), timeout=0.3)
        assert not over.done()
    assert isinstance(await over, LimitReached)


async def test_cancelling_ends_the_run_first() -> None:
    work = Work()
    over = asyncio.create_task(Control().over(work.run(), Spent(), FOREVER))
    await work.began.wait()
    over.cancel()
    with pytest.raises(asyncio.CancelledError):
        await over
    assert work.ended
