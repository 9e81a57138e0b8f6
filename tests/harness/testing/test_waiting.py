"""Waiting for the fake screen."""

from __future__ import annotations

import asyncio

import pytest

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import (
    Action,
    ErrorCode,
    Move,
    ReadText,
    Region,
    Reply,
    TextRead,
    WaitChange,
    Waited,
    WaitingAction,
    WaitStill,
)
from tests.support.asking import SCREEN, code, done

WINDOW = Region(x=60, y=60, width=400, height=240)


def guest() -> FakeGuest:
    return FakeGuest(SCREEN, patient=True)


async def begun(desk: FakeGuest, action: WaitingAction) -> asyncio.Task[Reply]:
    """A wait that is under way."""
    began = asyncio.Event()

    async def hook(_: Action) -> None:
        began.set()

    desk.hook = hook
    waiting = asyncio.create_task(done(desk, action))
    await began.wait()
    return waiting


async def test_a_patient_guest_waits_for_a_change_that_comes_meanwhile() -> None:
    desk = guest()
    waiting = await begun(desk, WaitChange(region=WINDOW))
    desk.show(FakeWindow(region=WINDOW))
    (result,) = (await waiting).results
    assert isinstance(result, Waited)
    assert result.effect.changed
    assert result.effect.box == WINDOW


async def test_what_changed_since_it_was_read_ends_the_wait_at_once() -> None:
    desk = FakeGuest(SCREEN)
    (read,) = (await done(desk, ReadText())).results
    assert isinstance(read, TextRead)
    assert code(await done(desk, WaitChange(since=read.seen))) is ErrorCode.DEADLINE
    desk.show(FakeWindow())
    (result,) = (await done(desk, WaitChange(since=read.seen))).results
    assert isinstance(result, Waited)


async def test_a_change_that_does_not_come_is_over_at_once_unless_the_guest_is_patient() -> None:
    assert code(await done(FakeGuest(SCREEN), WaitChange(timeout_ms=3_600_000))) is ErrorCode.DEADLINE
    assert code(await done(guest(), WaitChange(timeout_ms=10))) is ErrorCode.DEADLINE


async def test_the_fake_screen_is_always_still() -> None:
    (result,) = (await done(guest(), WaitStill(quiet_ms=50))).results
    assert isinstance(result, Waited)
    assert (result.effect.still, result.effect.changed) == (True, False)
    assert code(await done(guest(), WaitStill(quiet_ms=50, timeout_ms=10))) is ErrorCode.DEADLINE


@pytest.mark.parametrize("action", [WaitChange, WaitStill])
async def test_a_region_off_the_screen_is_refused(action: type[WaitChange | WaitStill]) -> None:
    beyond = Region(x=0, y=0, width=SCREEN.width + 1, height=1)
    assert code(await done(guest(), action(region=beyond))) is ErrorCode.OFF_SCREEN


async def test_whoever_waits_holds_nobody_back() -> None:
    desk = guest()
    waiting = await begun(desk, WaitChange())
    assert (await done(desk, WaitStill(quiet_ms=1), Move(to=WINDOW.center))).failure is None
    assert not waiting.done()
    desk.show(FakeWindow(text="one"))
    assert (await waiting).failure is None
