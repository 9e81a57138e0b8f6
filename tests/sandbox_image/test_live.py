from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from sandbox_image.wire import (
    Click,
    ErrorCode,
    Event,
    Frames,
    Listen,
    LiveFrame,
    Move,
    Picture,
    Program,
    ProgramList,
    Refused,
    Region,
    Size,
    WindowList,
)

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11
PATIENCE_S = 20.0
QUICK = Frames(picture=Picture(format="png"), fps=30)


def listen(hands: Hands, frames: Frames = QUICK) -> AsyncGenerator[Event]:
    return hands.dispatch.events(Listen(frames=frames))


async def frame(events: AsyncGenerator[Event]) -> LiveFrame:
    event = await asyncio.wait_for(anext(events), PATIENCE_S)
    assert isinstance(event, LiveFrame)
    return event


async def titles(events: AsyncGenerator[Event], reached: Callable[[list[str]], bool]) -> None:
    """Take lists of windows until one is as it should be."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in events:
            assert isinstance(event, WindowList)
            if reached([window.title for window in event.windows]):
                return


def programs(*, running: bool) -> ProgramList:
    return ProgramList(programs=(Program(pid=1, argv=("true",), log="/log", running=running, code=None),))


def box(target: Target, x: int, y: int, width: int, height: int) -> Region:
    corner = target.at(x, y)
    return Region(x=corner.x, y=corner.y, width=width, height=height)


def colour(event: LiveFrame, place: Region) -> object:
    with Image.open(io.BytesIO(event.picture)) as image:
        return image.convert("RGB").getpixel((place.x, place.y))


async def test_the_first_frame_comes_at_once_and_the_next_with_what_changed(hands: Hands, target: Target) -> None:
    events = listen(hands)
    first = await frame(events)
    assert (first.info.changed, first.info.picture.size) == (None, Size(width=1280, height=800))
    waiting = asyncio.create_task(frame(events))
    target.fill(10, 20, 30, 40, 0xFF0000)
    second = await waiting
    assert second.info.sequence == first.info.sequence + 1
    assert second.info.changed == box(target, 10, 20, 30, 40)
    assert colour(second, box(target, 10, 20, 1, 1)) == (255, 0, 0)
    await events.aclose()


async def test_whoever_is_slow_gets_the_newest_frame_and_then_waits(hands: Hands, target: Target) -> None:
    events = listen(hands)
    await frame(events)
    for shade in (0xFF0000, 0x00FF00, 0x0000FF):
        target.fill(10, 20, 30, 40, shade)
    late = await frame(events)
    assert late.info.changed == box(target, 10, 20, 30, 40)
    assert colour(late, box(target, 10, 20, 1, 1)) == (0, 0, 255)
    target.fill(100, 100, 5, 5, 0xFF0000)
    assert (await frame(events)).info.changed == box(target, 100, 100, 5, 5)
    await events.aclose()


async def test_all_who_wish_the_same_share_each_frame(hands: Hands, target: Target) -> None:
    listeners = [listen(hands) for _ in range(5)]
    first = [await frame(events) for events in listeners]
    assert len({id(event.picture) for event in first}) == 1
    waiting = [asyncio.create_task(frame(events)) for events in listeners]
    target.fill(10, 20, 30, 40, 0xFF0000)
    second = [await task for task in waiting]
    assert len({id(event.picture) for event in second}) == 1
    assert {event.info.changed for event in second} == {box(target, 10, 20, 30, 40)}
    for events in listeners:
        await events.aclose()


async def test_what_changed_is_the_whole_picture_for_a_listener_that_missed_a_frame(
    hands: Hands, target: Target
) -> None:
    quick, slow = listen(hands), listen(hands)
    await frame(quick)
    await frame(slow)
    for shade in (0xFF0000, 0x00FF00):
        target.fill(10, 20, 30, 40, shade)
        await frame(quick)
    missed = await frame(slow)
    assert missed.info.sequence == 3
    assert missed.info.changed == Region(x=0, y=0, width=1280, height=800)
    await quick.aclose()
    await slow.aclose()


async def test_frames_are_no_closer_than_their_rate(hands: Hands, target: Target) -> None:
    events = listen(hands, Frames(fps=10))
    began = time.monotonic()
    for number in range(4):
        target.fill(10, 20, 30, 40, 0x404040 * (number % 4))
        await frame(events)
    assert time.monotonic() - began >= 0.3
    await events.aclose()


async def test_a_frame_is_of_the_region_in_the_size_that_was_wished_for(hands: Hands, target: Target) -> None:
    region = box(target, 0, 0, 200, 100)
    wish = Frames(picture=Picture(region=region, size=Size(width=100, height=50), format="png"), fps=30)
    events = listen(hands, wish)
    assert (await frame(events)).info.picture.region == region
    target.fill(300, 300, 10, 10, 0xFF0000)  # beside the region
    target.fill(10, 10, 20, 20, 0xFF0000)
    event = await frame(events)
    assert (event.info.changed, event.info.picture.size) == (box(target, 10, 10, 20, 20), Size(width=100, height=50))
    await events.aclose()


async def test_a_pointer_that_moves_is_a_change_where_it_is_drawn(hands: Hands, target: Target) -> None:
    await hands.do(Move(to=target.at(50, 50)))
    with_pointer, without = listen(hands, Frames(picture=Picture(format="png", pointer=True), fps=30)), listen(hands)
    await frame(with_pointer)
    await frame(without)
    waiting = asyncio.create_task(frame(with_pointer))
    await hands.do(Move(to=target.at(200, 100)))
    changed = (await waiting).info.changed
    assert changed is not None
    for at in (target.at(50, 50), target.at(200, 100)):
        assert changed.clipped(Region(x=at.x, y=at.y, width=1, height=1))
    target.fill(400, 400, 5, 5, 0xFF0000)
    assert (await frame(without)).info.changed == box(target, 400, 400, 5, 5)
    await with_pointer.aclose()
    await without.aclose()


async def test_a_pointer_is_followed_while_a_program_holds_it(hands: Hands, target: Target) -> None:
    await hands.do(Move(to=target.at(50, 50)))
    events = listen(hands, Frames(picture=Picture(pointer=True), fps=30))
    await frame(events)
    target.x.xtest_fake_input(4, 1)
    waiting = asyncio.create_task(frame(events))
    at = target.at(300, 300)
    target.x.xtest_fake_input(6, x=at.x, y=at.y)
    target.x.sync()
    changed = (await waiting).info.changed
    assert changed is not None
    assert changed.clipped(Region(x=at.x, y=at.y, width=1, height=1))
    target.x.xtest_fake_input(5, 1)
    target.x.sync()
    await events.aclose()


async def test_windows_are_listed_whenever_one_comes_changes_or_goes(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    events = hands.dispatch.events(Listen(windows=True))
    await titles(events, lambda there: "first" not in there)
    window = new_target("first").show()
    await titles(events, lambda there: "first" in there)
    window.window.set_wm_name("second")
    window.x.sync()
    await titles(events, lambda there: "second" in there and "first" not in there)
    window.window.unmap()
    window.x.sync()
    await titles(events, lambda there: "second" not in there)
    await events.aclose()


async def test_frames_and_windows_come_together(hands: Hands, target: Target) -> None:
    events = hands.dispatch.events(Listen(frames=QUICK, windows=True))
    kinds = {type(await asyncio.wait_for(anext(events), PATIENCE_S)) for _ in range(2)}
    assert kinds == {LiveFrame, WindowList}
    target.fill(10, 20, 30, 40, 0xFF0000)
    assert (await frame(events)).info.changed == box(target, 10, 20, 30, 40)
    await events.aclose()


async def test_programs_are_told_to_all_who_listen_and_need_no_screen() -> None:
    from sandbox_image.dispatch import Dispatch  # noqa: PLC0415 - needs an X server
    from tests.support.hands import NoWorker  # noqa: PLC0415 - the same

    dispatch = Dispatch(worker := NoWorker())
    listeners = [dispatch.events(Listen(programs=True)) for _ in range(2)]
    for running in (True, False):
        waiting = [asyncio.create_task(anext(events)) for events in listeners]
        await asyncio.sleep(0)
        worker.lists.put_nowait(there := programs(running=running))
        assert [await asyncio.wait_for(task, PATIENCE_S) for task in waiting] == [there, there]
        assert worker.lists.empty()
    assert worker.before == programs(running=True)
    for events in listeners:
        await events.aclose()


async def test_frames_and_programs_come_together(hands: Hands, target: Target) -> None:
    events = hands.dispatch.events(Listen(frames=QUICK, programs=True))
    assert isinstance(await anext(events), LiveFrame)
    hands.worker.lists.put_nowait(programs(running=True))
    assert await asyncio.wait_for(anext(events), PATIENCE_S) == programs(running=True)
    target.fill(10, 20, 30, 40, 0xFF0000)
    assert (await frame(events)).info.changed == box(target, 10, 20, 30, 40)
    await events.aclose()


async def test_a_region_off_the_screen_is_refused(hands: Hands) -> None:
    beyond = Picture(region=Region(x=1279, y=0, width=2, height=1))
    with pytest.raises(Refused) as caught:
        await frame(listen(hands, Frames(picture=beyond)))
    assert caught.value.failure.code is ErrorCode.OFF_SCREEN


async def test_too_many_different_wishes_are_refused_until_one_is_given_up(hands: Hands) -> None:
    wishes = [Frames(fps=1 + number) for number in range(9)]
    listeners = [listen(hands, wish) for wish in wishes]
    for events in listeners[:8]:
        await frame(events)
    with pytest.raises(Refused, match="8 different wishes"):
        await frame(listeners[8])
    await frame(another := listen(hands, wishes[0]))
    await listeners[1].aclose()
    await frame(instead := listen(hands, wishes[8]))
    for events in (*listeners, another, instead):
        await events.aclose()


async def test_a_listener_that_comes_later_begins_with_a_frame_of_its_own_time(hands: Hands, target: Target) -> None:
    target.fill(10, 20, 30, 40, 0xFF0000)
    events = listen(hands)
    await frame(events)
    await events.aclose()
    target.fill(10, 20, 30, 40, 0x0000FF)
    events = listen(hands)
    first = await frame(events)
    assert (first.info.changed, colour(first, box(target, 10, 20, 1, 1))) == (None, (0, 0, 255))
    await events.aclose()


async def test_listening_holds_nobody_up_and_ends_when_it_is_closed(hands: Hands, target: Target) -> None:
    events = listen(hands)
    await frame(events)
    waiting = asyncio.create_task(frame(events))
    await hands.do(Click(at=target.at(10, 10)))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_an_x_server_that_ends_is_told() -> None:
    from sandbox_image.dispatch import Dispatch  # noqa: PLC0415 - needs an X server
    from tests.support.hands import NoWorker  # noqa: PLC0415 - the same
    from tests.support.xserver import x_server  # noqa: PLC0415 - the same

    dispatch = Dispatch(NoWorker())
    with x_server() as (name, _):
        dispatch.attach(name)
        events = dispatch.events(Listen(frames=QUICK))
        await frame(events)
        waiting = asyncio.create_task(frame(events))
        await asyncio.sleep(0)
    with pytest.raises(Refused) as caught:
        await waiting
    assert caught.value.failure.code is ErrorCode.DISPLAY_LOST
    dispatch.detach()
