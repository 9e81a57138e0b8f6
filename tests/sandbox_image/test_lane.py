from __future__ import annotations

import asyncio
import threading
import time

import pytest

from sandbox_image.lane import Desk, Lane, Stop, Stopped, uninterrupted
from sandbox_image.wire import ErrorCode, Refused


def wait_for_ever(desk: Desk, started: threading.Event) -> None:
    """Work that ends only by being stopped."""
    started.set()
    desk.stop.wait(time.monotonic() + 3600)


async def test_work_gets_its_argument_and_its_result_comes_back() -> None:
    lane = Lane(":none")
    assert await lane.run(lambda _, argument: argument * 2, 21) == 42
    lane.close()


async def test_work_that_is_cancelled_has_ended_when_the_cancellation_arrives() -> None:
    lane, started, ended = Lane(":none"), threading.Event(), threading.Event()

    def work(desk: Desk, _: None) -> None:
        try:
            wait_for_ever(desk, started)
        finally:
            ended.set()

    running = asyncio.create_task(lane.run(work, None))
    await asyncio.to_thread(started.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    assert await lane.run(lambda _, argument: argument, "goes on") == "goes on"
    lane.close()


async def test_work_that_passes_its_limit_is_ended_and_refused() -> None:
    lane = Lane(":none")
    with pytest.raises(Refused, match=r"did not answer within 0\.05 s") as refusal:
        await lane.run(wait_for_ever, threading.Event(), limit_s=0.05)
    assert refusal.value.failure.code is ErrorCode.DISPLAY_LOST
    assert await lane.run(lambda _, argument: argument, "goes on") == "goes on"
    lane.close()


async def test_where_no_x_server_answers_the_display_is_lost() -> None:
    lane = Lane(":4999")
    for use in (lambda desk, _: desk.x, lambda desk, _: desk.grab(), lambda desk, _: desk.grab()):
        with pytest.raises(Refused) as refusal:
            await lane.run(use, None)
        assert refusal.value.failure.code is ErrorCode.DISPLAY_LOST
    lane.close()


async def test_what_must_not_be_interrupted_ends_before_the_cancellation_is_passed_on() -> None:
    gate, done = asyncio.Event(), []

    async def work() -> None:
        await gate.wait()
        done.append(True)

    waiting = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == [True]


async def test_what_is_not_interrupted_gives_its_result_or_its_error() -> None:
    async def give() -> int:
        return 7

    async def fail() -> int:
        raise ValueError

    assert await uninterrupted(give()) == 7
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        await uninterrupted(fail())


def test_a_stop_ends_waits_until_it_is_forgotten() -> None:
    stop = Stop()
    assert not stop.wait(time.monotonic())
    stop.set()
    with pytest.raises(Stopped):
        stop.wait(time.monotonic() + 3600)
    with pytest.raises(Stopped):
        stop.check()
    stop.clear()
    stop.check()
