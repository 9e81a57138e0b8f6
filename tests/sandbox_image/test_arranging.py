from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from Xlib import X, Xatom, Xutil

from sandbox_image.wire import (
    CloseWindow,
    Done,
    ErrorCode,
    FocusWindow,
    ListWindows,
    MoveWindow,
    Region,
    ResizeWindow,
    ScreenPoint,
    SetWindowState,
    Size,
    Window,
    WindowAction,
    WindowFound,
    WindowList,
    WindowState,
)
from tests.support.hands import failure_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11


async def arranged(hands: Hands, action: WindowAction) -> Window:
    (result,) = (await hands.do(action)).reply.results
    assert isinstance(result, WindowFound)
    return result.window


@pytest.mark.parametrize(("x", "y"), [(100, 90), (900, 600), (-200, 300), (1200, 700), (40, -100)])
async def test_a_window_moves_to_the_very_place(hands: Hands, target: Target, x: int, y: int) -> None:
    window = await arranged(hands, MoveWindow(window=target.window.id, to=ScreenPoint(x=x, y=y)))
    assert window.region == Region(x=x, y=y, width=640, height=480) == target.region


@pytest.mark.parametrize("gravity", [X.NorthWestGravity, X.StaticGravity])
async def test_a_window_that_was_moved_comes_back_there_from_being_maximized(
    hands: Hands, new_target: Callable[[str], Target], gravity: int
) -> None:
    target = new_target("moved")
    target.window.set_wm_normal_hints(flags=Xutil.PWinGravity, win_gravity=gravity)
    target.show()
    place = Region(x=150, y=120, width=500, height=400)
    await arranged(hands, MoveWindow(window=target.window.id, to=ScreenPoint(x=150, y=120)))
    await arranged(hands, ResizeWindow(window=target.window.id, size=place.size))
    assert target.region == place
    await arranged(hands, SetWindowState(window=target.window.id, state="maximized"))
    window = await arranged(hands, SetWindowState(window=target.window.id, state="normal"))
    assert window.region == place == target.region


async def test_a_window_takes_the_size_it_is_given_and_stays_where_it_is(hands: Hands, target: Target) -> None:
    before = target.region
    window = await arranged(hands, ResizeWindow(window=target.window.id, size=Size(width=300, height=200)))
    assert window.region == Region(x=before.x, y=before.y, width=300, height=200) == target.region


async def test_a_window_that_grows_in_steps_tells_the_size_it_took(hands: Hands, target: Target) -> None:
    steps = Xutil.PResizeInc | Xutil.PMinSize
    target.window.set_wm_normal_hints(flags=steps, width_inc=50, height_inc=50, min_width=200, min_height=200)
    target.x.sync()
    window = await arranged(hands, ResizeWindow(window=target.window.id, size=Size(width=333, height=20)))
    assert window.region.size == Size(width=300, height=200) == target.region.size


async def test_a_window_in_the_background_gets_the_focus_and_comes_to_the_front(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    behind, front = new_target("behind").show(), new_target("front").show()
    for wanted in (behind, front, front, behind):
        assert (await arranged(hands, FocusWindow(window=wanted.window.id))).active
        (listed,) = (await hands.do(ListWindows())).reply.results
        assert isinstance(listed, WindowList)
        assert (listed.windows[-1].id, listed.windows[-1].active) == (wanted.window.id, True)


async def test_a_window_that_takes_no_focus_is_told(hands: Hands, new_target: Callable[[str], Target]) -> None:
    front = new_target("front").show()
    refusing = new_target("refusing")
    refusing.window.set_wm_hints(flags=Xutil.InputHint, input=0)
    refusing.window.map()
    refusing.x.sync()
    await asyncio.to_thread(refusing.await_mapped)
    failure = failure_in(await hands.perform(FocusWindow(window=refusing.window.id)))
    assert failure.code is ErrorCode.BLOCKED
    assert "'refusing' did not get the keyboard focus, which is at ['front']" in failure.message
    assert front.window.id


async def test_a_window_goes_through_all_states_and_back(hands: Hands, target: Target) -> None:
    before = target.region
    states: list[WindowState] = ["maximized", "fullscreen", "normal", "minimized", "fullscreen", "minimized"]
    for state in (*states, "maximized", "minimized", "normal"):
        window = await arranged(hands, SetWindowState(window=target.window.id, state=state))
        assert window.state == state
        if state == "fullscreen":
            assert window.region == Region(x=0, y=0, width=1280, height=800)
        if state == "maximized":
            assert window.region.width >= 1270
        if state == "normal":
            assert window.region == before
        assert window.active == (state != "minimized")


async def test_changing_a_window_in_the_background_leaves_it_there(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    behind, front = new_target("behind").show(), new_target("front").show()
    window = await arranged(hands, SetWindowState(window=behind.window.id, state="maximized"))
    assert (window.state, window.active) == ("maximized", False)
    assert front.window.id


@pytest.mark.parametrize(
    "act",
    [
        lambda number: FocusWindow(window=number),
        lambda number: MoveWindow(window=number, to=ScreenPoint(x=1, y=1)),
        lambda number: ResizeWindow(window=number, size=Size(width=100, height=100)),
        lambda number: SetWindowState(window=number, state="maximized"),
        lambda number: CloseWindow(window=number),
        lambda number: CloseWindow(window=number, force=True),
    ],
)
async def test_a_window_that_is_gone_is_told_as_such(
    hands: Hands, new_target: Callable[[str], Target], act: Callable[[int], WindowAction]
) -> None:
    gone = new_target("gone").show()
    gone.window.destroy()
    gone.x.sync()
    failure = failure_in(await hands.perform(act(gone.window.id)))
    assert failure.code is ErrorCode.NO_SUCH_WINDOW
    assert f"there is no window {gone.window.id}" in failure.message


# --- closing ----------------------------------------------------------------------------------------------------------


def asks_to_be_closed(target: Target) -> Target:
    """A window that is asked instead of cut off."""
    target.window.set_wm_protocols([target.x.get_atom("WM_DELETE_WINDOW")])
    return target.show()


async def test_a_window_that_is_asked_to_close_goes(hands: Hands, new_target: Callable[[str], Target]) -> None:
    target = asks_to_be_closed(new_target("polite"))
    closing = asyncio.create_task(hands.do(CloseWindow(window=target.window.id)))
    await asyncio.to_thread(target.await_message)
    target.window.destroy()
    target.x.flush()
    assert (await closing).reply.results == (Done(),)


@pytest.mark.parametrize("same", ["owner", "pid"])
async def test_a_dialog_that_comes_instead_is_told(
    hands: Hands, new_target: Callable[[str], Target], same: str
) -> None:
    target, dialog, other = asks_to_be_closed(new_target("document")), new_target("Save changes?"), new_target("other")
    pid = target.x.get_atom("_NET_WM_PID")
    if same == "pid":
        for window in (target, dialog):
            window.window.change_property(pid, Xatom.CARDINAL, 32, [os.getpid()])
            window.x.sync()
    else:
        dialog.window.change_property(Xatom.WM_TRANSIENT_FOR, Xatom.WINDOW, 32, [target.window.id])
    closing = asyncio.create_task(hands.perform(CloseWindow(window=target.window.id)))
    await asyncio.to_thread(target.await_message)
    await asyncio.to_thread(other.show)
    await asyncio.to_thread(dialog.show)
    failure = failure_in(await closing)
    assert failure.code is ErrorCode.WINDOW_STAYED
    told = f"'document' did not close, a window came instead: 'Save changes?' (window {dialog.window.id})"
    assert told in failure.message


async def test_a_window_that_does_not_close_is_told_and_can_be_forced(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    target, other = asks_to_be_closed(new_target("stubborn")), new_target("other").show()
    failure = failure_in(await hands.perform(CloseWindow(window=target.window.id, timeout_ms=50)))
    assert failure.code is ErrorCode.WINDOW_STAYED
    assert "'stubborn' is still there 50 ms after it was asked to close" in failure.message
    await hands.do(CloseWindow(window=target.window.id, force=True))
    (listed,) = (await hands.do(ListWindows())).reply.results
    assert isinstance(listed, WindowList)
    assert [window.id for window in listed.windows] == [other.window.id]
    assert target.is_cut_off()
