from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest

from sandbox_image.wire import (
    Answer,
    Click,
    Effect,
    ErrorCode,
    ReadText,
    Region,
    Settle,
    TextRead,
    WaitChange,
    Waited,
    WaitingAction,
    WaitStill,
)
from tests.support.hands import failure_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11
SPOT = Region(x=10, y=20, width=60, height=40)
CARET = Region(x=300, y=300, width=2, height=18)


def on_screen(target: Target, spot: Region) -> Region:
    corner = target.at(spot.x, spot.y)
    return Region(x=corner.x, y=corner.y, width=spot.width, height=spot.height)


async def painting(target: Target, spot: Region, waiting: asyncio.Task[Answer], *, times: int | None = None) -> None:
    """Give the spot one new colour after the other until the wait is over, or so many times."""
    for number in count() if times is None else range(times):
        if waiting.done():
            return
        target.fill(spot.x, spot.y, spot.width, spot.height, number * 0x10307 % 0xFFFFFF)
        await asyncio.sleep(0.01)


def begin(hands: Hands, action: WaitingAction) -> asyncio.Task[Answer]:
    return asyncio.create_task(hands.perform(action))


def waited(answer: Answer) -> Effect:
    assert answer.reply.failure is None, answer.reply.failure
    (result,) = answer.reply.results
    assert isinstance(result, Waited)
    return result.effect


@pytest.mark.parametrize("of_region", [False, True])
async def test_a_change_ends_the_wait_and_is_told(hands: Hands, target: Target, of_region: bool) -> None:  # noqa: FBT001 - a case
    spot = on_screen(target, SPOT)
    watched = Region(x=spot.x - 5, y=spot.y - 5, width=80, height=60)
    waiting = begin(hands, WaitChange(region=watched if of_region else None))
    await painting(target, SPOT, waiting)
    effect = waited(await waiting)
    assert (effect.changed, effect.box) == (True, spot)
    assert effect.share == 2400 / (4800 if of_region else 1280 * 800)


async def test_a_change_beside_the_region_is_none(hands: Hands, target: Target) -> None:
    spot = on_screen(target, SPOT)
    beside = Region(x=spot.x + spot.width, y=spot.y, width=50, height=50)
    waiting = begin(hands, WaitChange(region=beside, timeout_ms=300))
    await painting(target, SPOT, waiting)
    failure = failure_in(await waiting)
    assert failure.code is ErrorCode.DEADLINE
    assert f"nothing changed in the region 50x50 at ({beside.x}, {beside.y}) within 300 ms" in failure.message


async def test_drawing_the_same_again_is_no_change(hands: Hands, target: Target) -> None:
    target.fill(0, 0, 100, 100, 0x00FF00)
    waiting = begin(hands, WaitChange(timeout_ms=300))
    while not waiting.done():
        target.fill(0, 0, 100, 100, 0x00FF00)
        await asyncio.sleep(0.01)
    assert failure_in(await waiting).code is ErrorCode.DEADLINE


async def test_what_changed_since_the_text_was_read_is_not_missed(hands: Hands, target: Target) -> None:
    region = on_screen(target, SPOT)
    (read,) = (await hands.do(ReadText(region=region))).reply.results
    assert isinstance(read, TextRead)
    unchanged = await hands.perform(WaitChange(region=region, since=read.seen, timeout_ms=0))
    assert failure_in(unchanged).code is ErrorCode.DEADLINE
    target.fill(SPOT.x, SPOT.y, 1, 1, 0x123456)
    effect = waited(await hands.perform(WaitChange(region=region, since=read.seen)))
    assert (effect.changed, effect.box) == (True, region)


async def test_the_screen_is_still_once_it_kept_its_pixels(hands: Hands, target: Target) -> None:
    await hands.perform(settle=Settle())  # the window's frame is drawn a moment after the window
    waiting = begin(hands, WaitStill(quiet_ms=300))
    await painting(target, SPOT, waiting, times=20)
    effect = waited(await waiting)
    assert effect.still
    assert effect.waited_ms >= 300
    assert effect.box in {None, on_screen(target, SPOT)}


async def test_a_spot_that_blinks_like_a_caret_does_not_keep_a_screen_from_being_still(
    hands: Hands, target: Target
) -> None:
    waiting = begin(hands, WaitStill(quiet_ms=300, timeout_ms=20_000))
    await painting(target, CARET, waiting)
    assert waited(await waiting).still


async def test_a_screen_that_never_rests_ends_the_wait_with_its_deadline(hands: Hands, target: Target) -> None:
    waiting = begin(hands, WaitStill(quiet_ms=1000, timeout_ms=1500))
    await painting(target, SPOT, waiting)
    failure = failure_in(await waiting)
    assert failure.code is ErrorCode.DEADLINE
    assert "the screen was not still for 1000 ms within 1500 ms" in failure.message


async def test_a_region_beside_what_moves_is_still(hands: Hands, target: Target) -> None:
    spot = on_screen(target, SPOT)
    beside = Region(x=spot.x + spot.width, y=spot.y, width=50, height=50)
    waiting = begin(hands, WaitStill(region=beside, quiet_ms=200, timeout_ms=20_000))
    await painting(target, SPOT, waiting)
    assert waited(await waiting).box is None


@pytest.mark.parametrize("action", [WaitChange, WaitStill])
async def test_a_region_off_the_screen_is_refused(hands: Hands, action: type[WaitChange | WaitStill]) -> None:
    answer = await hands.perform(action(region=Region(x=1270, y=0, width=11, height=5)))
    assert failure_in(answer).code is ErrorCode.OFF_SCREEN


async def test_whoever_waits_holds_nobody_back_and_lets_go_of_nothing(hands: Hands, target: Target) -> None:
    waiting = begin(hands, WaitChange(region=Region(x=0, y=0, width=1, height=1)))
    await hands.do(Click(at=target.at(10, 10)))
    assert not waiting.done()
    target.x.xtest_fake_input(4, 1)
    target.x.sync()
    await hands.do(ReadText(region=on_screen(target, CARET)))
    assert target.x.screen().root.query_pointer().mask & 1 << 8
    target.x.xtest_fake_input(5, 1)
    target.x.sync()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_wait_for_change_and_for_stillness_is_one_request(hands: Hands, target: Target) -> None:
    acting = asyncio.create_task(hands.perform(WaitChange(), settle=Settle(quiet_ms=200)))
    await painting(target, SPOT, acting, times=200)
    answer = await acting
    assert waited(answer).changed
    assert answer.reply.effect is not None
