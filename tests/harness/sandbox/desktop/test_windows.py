"""Windows, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    NoSuchWindow,
    UsageError,
    WindowStayed,
)
from harness.testing import FakeWindow
from sandbox_image.wire import (
    CloseWindow,
    FocusWindow,
    MoveWindow,
    Region,
    ResizeWindow,
    ScreenPoint,
    SetWindowState,
    Size,
    WaitWindowGone,
)
from tests.support.desktops import fake


async def test_a_window_that_came_is_among_the_windows() -> None:
    desktop = fake()
    launched = await desktop.launch("editor")
    window = await desktop.wait_for_window("Editor", pid=launched.pid)
    assert await desktop.windows() == (window,)


async def test_a_window_is_named_by_itself_or_by_its_number() -> None:
    desktop = fake()
    desktop.guest.show(FakeWindow(title="Document"))
    (window,) = await desktop.windows()
    desktop.guest.done.clear()
    await desktop.focus(window)
    moved = await desktop.move_window(window.id, (30, 40))
    sized = await desktop.resize_window(window, (200, 100))
    await desktop.set_window_state(window, "minimized")
    await desktop.close_window(window, force=True, timeout=2)
    await desktop.wait_for_window_gone(window, title="Document", timeout=3)
    assert moved.region == Region(x=30, y=40, width=400, height=240)
    assert sized.region == Region(x=30, y=40, width=200, height=100)
    number = window.id
    assert desktop.guest.done == [
        FocusWindow(window=number),
        MoveWindow(window=number, to=ScreenPoint(x=30, y=40)),
        ResizeWindow(window=number, size=Size(width=200, height=100)),
        SetWindowState(window=number, state="minimized"),
        CloseWindow(window=number, force=True, timeout_ms=2000),
        WaitWindowGone(window=number, title="Document", timeout_ms=3000),
    ]


async def test_windows_are_waited_for_by_title_in_one_way_whether_they_come_or_go() -> None:
    desktop = fake()
    desktop.guest.show(FakeWindow(title="Document"))
    await desktop.wait_for_window("docu")
    with pytest.raises(WindowStayed):
        await desktop.wait_for_window_gone("docu", timeout=0)
    await desktop.wait_for_window_gone("another", timeout=0)
    with pytest.raises(UsageError, match="two titles"):
        await desktop.wait_for_window_gone("docu", title="ment")


async def test_a_window_that_stays_is_told() -> None:
    desktop = fake()
    desktop.guest.show(FakeWindow(title="Document"))
    with pytest.raises(WindowStayed, match="Document"):
        await desktop.wait_for_window_gone(title="Doc", timeout=0)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.wait_for_window("none"), NoSuchWindow),
        (lambda desktop: desktop.focus(77), NoSuchWindow),
        (lambda desktop: desktop.resize_window(77, (0, 10)), UsageError),
        (lambda desktop: desktop.set_window_state(77, "tiny"), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
