"""Live frames of the fake screen."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import (
    ErrorCode,
    Event,
    Frames,
    Launch,
    Listen,
    LiveFrame,
    Move,
    Picture,
    ProgramList,
    Refused,
    Region,
    ScreenPoint,
    StopProgram,
    WindowList,
)
from tests.support.asking import SCREEN, done

WINDOW = Region(x=60, y=60, width=400, height=240)
PLACE = ScreenPoint(x=300, y=200)


def listen(pointer: bool = False, region: Region | None = None) -> Listen:  # noqa: FBT001, FBT002 - a case
    return Listen(frames=Frames(picture=Picture(format="png", pointer=pointer, region=region), fps=30))


def told(event: Event) -> tuple[int, Region | None]:
    assert isinstance(event, LiveFrame)
    return event.info.sequence, event.info.changed


def programs(event: Event) -> list[tuple[bool, int | None]]:
    assert isinstance(event, ProgramList)
    return [(program.running, program.code) for program in event.programs]


async def test_a_frame_comes_at_once_and_another_when_a_test_or_an_action_changes_the_screen() -> None:
    guest = FakeGuest(SCREEN)
    async with aclosing(guest.events(listen())) as events:
        assert told(await anext(events)) == (1, None)
        waiting = asyncio.create_task(anext(events))
        window = guest.show(FakeWindow(region=WINDOW))
        assert told(await waiting) == (2, window.frame)


@pytest.mark.parametrize("pointer", [False, True])
async def test_the_pointer_is_a_change_where_it_is_drawn(pointer: bool) -> None:  # noqa: FBT001 - a case
    guest = FakeGuest(SCREEN)
    async with aclosing(guest.events(listen(pointer))) as events:
        await anext(events)
        await done(guest, Move(to=PLACE))
        window = FakeWindow(region=Region(x=400, y=300, width=60, height=60))
        if pointer:
            _, changed = told(await anext(events))
            assert changed is not None
            assert changed.clipped(Region(x=PLACE.x, y=PLACE.y, width=1, height=1))
        guest.show(window)
        assert told(await anext(events))[1] == window.frame


async def test_a_change_in_a_region_is_told_in_pixels_of_the_screen() -> None:
    guest = FakeGuest(SCREEN)
    region = Region(x=50, y=50, width=500, height=400)
    async with aclosing(guest.events(listen(region=region))) as events:
        await anext(events)
        window = guest.show(FakeWindow(region=Region(x=100, y=100, width=60, height=60)))
        assert told(await anext(events)) == (2, window.frame)


async def test_windows_are_listed_at_once_and_when_they_change() -> None:
    guest = FakeGuest(SCREEN)
    async with aclosing(guest.events(Listen(windows=True))) as events:
        assert await anext(events) == WindowList(windows=())
        await done(guest, Move(to=PLACE))  # which changes no window
        guest.show(FakeWindow(title="New"))
        listed = await anext(events)
        assert isinstance(listed, WindowList)
        assert [window.title for window in listed.windows] == ["New"]


async def test_programs_are_listed_at_once_and_when_one_starts_or_ends() -> None:
    window = FakeWindow()
    guest = FakeGuest(SCREEN, apps={"editor": lambda _: window})
    async with aclosing(guest.events(Listen(programs=True))) as events:
        assert await anext(events) == ProgramList(programs=())
        guest.show(FakeWindow(title="New"))  # which starts no program
        await done(guest, Launch(argv=("editor",)))
        assert [running for running, _ in programs(await anext(events))] == [True]
        await done(guest, StopProgram(pid=1000))
        assert programs(await anext(events)) == [(False, -15)]


async def test_a_region_off_the_screen_is_refused() -> None:
    beyond = Region(x=0, y=0, width=SCREEN.width + 1, height=1)
    with pytest.raises(Refused) as caught:
        await anext(FakeGuest(SCREEN).events(listen(region=beyond)))
    assert caught.value.failure.code is ErrorCode.OFF_SCREEN
