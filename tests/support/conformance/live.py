"""What is pushed while it happens."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from harness.errors import NotOnScreen, UsageError
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Region, Size
from tests.support.conformance.checks import check, editor


@check
async def a_live_frame_comes_at_once_and_the_next_with_what_changed(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.wait_for_still()
    async with aclosing(desktop.frames(20, format="png", pointer=False)) as frames:
        first = await anext(frames)
        assert (first.changed, first.size) == (None, desktop.screen)
        second, _ = await asyncio.gather(anext(frames), desktop.type("x"))
        assert second.sequence > first.sequence
        assert second.changed is not None
        assert second.changed.clipped(window.region)
        assert second.image().tobytes() != first.image().tobytes()


@check
async def live_frames_are_of_the_region_in_the_size_asked_for(desktop: Desktop) -> None:
    region = Region(x=10, y=20, width=100, height=60)
    async with aclosing(desktop.frames(region=region, size=Size(width=50, height=30))) as frames:
        frame = await anext(frames)
    assert (frame.format, frame.viewport.region, frame.image().size) == ("jpeg", region, (50, 30))


@check
async def the_pointer_of_live_frames_is_followed(desktop: Desktop) -> None:
    await desktop.move((50, 60))
    await desktop.wait_for_still()
    async with aclosing(desktop.frames(20)) as frames:
        await anext(frames)
        frame, _ = await asyncio.gather(anext(frames), desktop.move((90, 80)))
        assert frame.changed is not None
        assert frame.changed.clipped(Region(x=90, y=80, width=1, height=1))


@check
async def windows_are_told_as_they_open_and_close(desktop: Desktop) -> None:
    async with aclosing(desktop.window_changes()) as changes:
        window = await editor(desktop)
        opened = closed = None
        while opened is None:
            change = await anext(changes)
            opened = change if (change.change, change.window.id) == ("opened", window.id) else None
        await desktop.press("alt+f4")
        while closed is None:
            change = await anext(changes)
            closed = change if (change.change, change.window.id) == ("closed", window.id) else None


@check
async def programs_are_told_as_they_start_and_end(desktop: Desktop) -> None:
    early = await desktop.launch("true")
    await desktop.wait_for_exit(early)
    async with aclosing(desktop.program_changes()) as changes:
        window = await editor(desktop)
        wanted = [("ended", early.pid), ("started", window.pid), ("ended", window.pid)]
        codes = []
        while wanted:
            change = await anext(changes)
            if (change.change, change.program.pid) != wanted[0]:
                continue
            del wanted[0]
            codes.append(change.program.code)
            if change.change == "started":
                await desktop.stop_program(change.program)
    assert (codes[0], codes[1]) == (0, None)
    assert codes[2] is not None


@check
async def live_frames_that_cannot_be_are_refused(desktop: Desktop) -> None:
    with pytest.raises(NotOnScreen):
        await anext(desktop.frames(region=Region(x=desktop.screen.width, y=0, width=1, height=1)))
    with pytest.raises(UsageError, match="fps"):
        await anext(desktop.frames(100))
