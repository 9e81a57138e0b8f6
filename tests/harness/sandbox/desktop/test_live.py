"""What happens at the desktop, as it happens."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from harness.errors import NotOnScreen, UsageError
from harness.geometry import ModelPoint
from harness.sandbox.desktop import Frame
from harness.sandbox.desktop.live import changes, starts_and_ends
from harness.testing import FakeWindow
from sandbox_image.wire import Frames, Listen, Program, Region, ScreenPoint, Size, Window
from tests.support.desktops import BOX, fake

HERE, THERE = Region(x=0, y=0, width=9, height=9), Region(x=5, y=5, width=9, height=9)


def window(number: int, title: str = "one", region: Region = HERE, *, active: bool = False) -> Window:
    return Window(id=number, title=title, window_class=("a", "A"), pid=None, region=region, active=active)


def program(log: str, code: int | None = None) -> Program:
    return Program(pid=1, argv=("true",), log=log, running=code is None, code=code)


async def test_a_frame_knows_how_it_relates_to_the_screen_and_when_it_was_taken() -> None:
    began = datetime.now(UTC)  # noqa: TID251 - it is a date
    async with aclosing(fake().frames(region=BOX, size=Size(width=15, height=20), format="webp")) as frames:
        frame = await anext(frames)
    assert frame.viewport.to_screen(ModelPoint(0, 0)) == ScreenPoint(x=11, y=21)
    assert (frame.format, frame.image().size, frame.sequence, frame.changed) == ("webp", (15, 20), 1, None)
    assert abs((frame.time - began).total_seconds()) < 60


async def test_a_frame_comes_when_the_screen_changes() -> None:
    desktop = fake()
    async with aclosing(desktop.frames(30)) as frames:
        await anext(frames)
        waiting = asyncio.create_task(anext(frames))
        await desktop.launch("editor")
        frame = await waiting
        assert frame.sequence == 2
        assert frame.changed is not None


async def test_changes_of_windows_come_one_by_one() -> None:
    desktop = fake()
    desktop.guest.show(FakeWindow(title="Old"))
    async with aclosing(desktop.window_changes()) as told:
        first = [await anext(told) for _ in range(2)]
        await desktop.press("alt+f4")
        closed = await anext(told)
    assert [(change.change, change.window.title) for change in (*first, closed)] == [
        ("opened", "Old"),
        ("focused", "Old"),
        ("closed", "Old"),
    ]


async def test_programs_are_told_as_they_start_and_end() -> None:
    desktop = fake()
    early = await desktop.launch("editor")
    await desktop.stop_program(early)
    async with aclosing(desktop.program_changes()) as told:
        first = [await anext(told) for _ in range(2)]
        late = await desktop.launch("editor")
        started = await anext(told)
        await desktop.press("alt+f4")
        ended = await anext(told)
    assert [(change.change, change.program.pid, change.program.code) for change in (*first, started, ended)] == [
        ("started", early.pid, -15),
        ("ended", early.pid, -15),
        ("started", late.pid, None),
        ("ended", late.pid, 0),
    ]


async def test_frames_and_windows_come_over_one_connection() -> None:
    async with aclosing(fake().events(Listen(frames=Frames(), windows=True))) as events:
        assert isinstance(await anext(events), Frame)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((), (), []),
        ((), (window(1),), [("opened", 1)]),
        ((), (window(1, active=True),), [("opened", 1), ("focused", 1)]),
        ((window(1),), (), [("closed", 1)]),
        ((window(1), window(2)), (window(2), window(1)), []),
        ((window(1),), (window(1, "two"),), [("renamed", 1)]),
        ((window(1),), (window(1, region=THERE),), [("moved", 1)]),
        ((window(1),), (window(1, "two", THERE, active=True),), [("renamed", 1), ("moved", 1), ("focused", 1)]),
        ((window(1, active=True), window(2)), (window(2, active=True),), [("closed", 1), ("focused", 2)]),
    ],
)
def test_what_became_of_windows(
    before: tuple[Window, ...], after: tuple[Window, ...], told: list[tuple[str, int]]
) -> None:
    assert [(change.change, change.window.id) for change in changes(before, after)] == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((), (), []),
        ((), (program("a"),), [("started", "a")]),
        ((), (program("a", 1),), [("started", "a"), ("ended", "a")]),
        ((program("a"),), (program("a"), program("b")), [("started", "b")]),
        ((program("a"),), (program("a", 0),), [("ended", "a")]),
        ((program("a", 0),), (program("a", 0),), []),
        ((program("a", 0),), (program("b"),), [("started", "b")]),
        ((program("a"),), (), [("lost", "a")]),
    ],
)
def test_what_became_of_programs(
    before: tuple[Program, ...], after: tuple[Program, ...], told: list[tuple[str, str]]
) -> None:
    assert [(change.change, change.program.log) for change in starts_and_ends(before, after)] == told


async def test_what_cannot_be_is_an_error_before_anything_is_listened_to() -> None:
    with pytest.raises(UsageError, match="fps"):
        await anext(fake().frames(0))
    with pytest.raises(NotOnScreen):
        await anext(fake().frames(region=Region(x=0, y=0, width=9999, height=1)))
