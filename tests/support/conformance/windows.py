"""Windows."""

from __future__ import annotations

import re

import pytest

from harness.errors import NoSuchWindow, WindowStayed
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Region, ScreenPoint, Size, WindowState
from tests.support.conformance.checks import check, editor, listed


@check
async def windows_are_found_by_title_class_and_pid_together(desktop: Desktop) -> None:
    window = await editor(desktop)
    same = await desktop.wait_for_window(
        re.compile("mouse.*d$", re.IGNORECASE), window_class="MOUSEPAD", pid=window.pid
    )
    assert same.id == window.id
    with pytest.raises(NoSuchWindow):
        await desktop.wait_for_window("mousepad", window_class="other", timeout=0.05)


@check
async def a_window_that_does_not_come_is_told_after_the_time_given(desktop: Desktop) -> None:
    with pytest.raises(NoSuchWindow, match="no-such-window"):
        await desktop.wait_for_window("no-such-window", timeout=0.05)


@check
async def a_window_moves_and_takes_a_size_and_says_so(desktop: Desktop) -> None:
    window = await editor(desktop)
    moved = await desktop.move_window(window, (70, 80))
    assert moved.region == Region(x=70, y=80, width=window.region.width, height=window.region.height)
    sized = await desktop.resize_window(window.id, (520, 330))
    assert sized.region == Region(x=70, y=80, width=520, height=330)
    beyond = await desktop.move_window(window, ScreenPoint(x=desktop.screen.width - 100, y=-50))
    assert (beyond.region.x, beyond.region.y) == (desktop.screen.width - 100, -50)
    assert await listed(desktop, window) == beyond
    await desktop.close_window(window)


@check
async def a_window_gets_the_focus_from_another(desktop: Desktop) -> None:
    first, second = await editor(desktop), await editor(desktop)
    for wanted in (first, second, first):
        assert (await desktop.focus(wanted)).active
        windows = await desktop.windows()
        assert [window.id for window in windows if window.active] == [wanted.id]
        assert [window.id for window in windows if window.id in (first.id, second.id)][-1] == wanted.id
    await desktop.close_window(first)
    await desktop.close_window(second)


@check
async def a_window_fills_the_screen_and_comes_back(desktop: Desktop) -> None:
    window = await editor(desktop)
    states: tuple[WindowState, ...] = ("maximized", "fullscreen", "minimized", "normal", "minimized", "maximized")
    for state in (*states, "normal"):
        changed = await desktop.set_window_state(window, state)
        assert changed.state == state
        if state == "fullscreen":
            assert changed.region.size == desktop.screen
        if state == "normal":
            assert changed.region == window.region
        if state == "minimized":
            assert not changed.active
            with pytest.raises(NoSuchWindow):
                await desktop.wait_for_window(pid=window.pid, timeout=0.05)
    await desktop.set_window_state(window, "minimized")
    assert (await desktop.focus(window)).state == "normal"
    await desktop.close_window(window)


@check
async def a_window_that_closes_is_gone(desktop: Desktop) -> None:
    window = await editor(desktop)
    with pytest.raises(WindowStayed):
        await desktop.wait_for_window_gone(window, timeout=0.05)
    await desktop.close_window(window)
    await desktop.wait_for_window_gone(window, timeout=0)
    await desktop.wait_for_window_gone(pid=window.pid, timeout=0)
    gone = (
        desktop.focus(window),
        desktop.move_window(window, (1, 1)),
        desktop.resize_window(window, Size(width=300, height=200)),
        desktop.set_window_state(window, "maximized"),
        desktop.close_window(window),
        desktop.close_window(window.id, force=True),
    )
    for attempt in gone:
        with pytest.raises(NoSuchWindow):
            await attempt


@check
async def a_window_that_asks_first_is_told_and_closes_by_force(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.type("not saved")
    with pytest.raises(WindowStayed, match=r"did not close, a window came instead: 'Save"):
        await desktop.close_window(window)
    await desktop.close_window(window, force=True)
    await desktop.wait_for_window_gone(window, timeout=0)
