"""Changing windows, by asking the window manager as a panel does: it may grant less, so each ends with a look.

A program may ask for another size than it is given, by and by, as terminals do to show whole lines; so each new size
is followed by its coming to rest.

A window that closes may ask a question first; whoever asked it to close is told of that instead.
"""

from __future__ import annotations

import time
from typing import assert_never

from Xlib import X, Xutil

from sandbox_image.lane import Desk
from sandbox_image.manager import FULLSCREEN, MAXIMIZED, Seen, active, managed, numbers, see, tell
from sandbox_image.resting import program, rests
from sandbox_image.wire import (
    CloseWindow,
    Done,
    ErrorCode,
    FocusWindow,
    MoveWindow,
    Refused,
    ResizeWindow,
    SetWindowState,
    Window,
    WindowState,
)

PAGER = 2
"""Where a wish comes from, by EWMH: the user, so that the manager need not protect the user from it."""
REMOVE, ADD = 0, 1
ADAPTED_S = 0.5
"""How long a program may work at a new size of its window; one that always works is not waited for longer."""
FOCUS_S = 3.0
"""How long the keyboard focus may take to come or go: that depends on the program as well."""


def arrange(desk: Desk, action: FocusWindow | MoveWindow | ResizeWindow | SetWindowState) -> Window:
    """Do it; the window as it is then. Raises Refused: NO_SUCH_WINDOW; BLOCKED where the manager does not do it."""
    window = managed(desk, action.window).window
    match action:
        case FocusWindow():
            _focus(desk, window)
        case MoveWindow(to=to):
            _place(desk, window, to.x, to.y)
        case ResizeWindow(size=size):
            _place(desk, window, window.region.x, window.region.y, size.width, size.height)
            _adapt(desk, window)
        case SetWindowState(state=state):
            _change(desk, window, state)
        case _:
            assert_never(action)
    return managed(desk, window.id).window


def close_window(desk: Desk, action: CloseWindow) -> Done:
    """Close a window and wait until it is gone.

    Raises Refused: NO_SUCH_WINDOW; WINDOW_STAYED saying what came instead.
    """
    window = managed(desk, action.window).window
    before = set(numbers(desk.x))
    until = time.monotonic() + action.timeout_ms / 1000
    desk.x.listen(desk.x.root)
    if action.force:
        desk.x.window(window.id).kill_client()
    else:
        desk.x.tell_manager(desk.x.window(window.id), "_NET_CLOSE_WINDOW", X.CurrentTime, PAGER)
    while window.id in (there := numbers(desk.x)):
        came = [seen for seen in see(desk, there) if _asks(seen, window, before)]
        if came or time.monotonic() >= until:
            raise Refused(ErrorCode.WINDOW_STAYED, _stayed(action, window, came))
        desk.pause(until)
    return Done()


def _place(desk: Desk, window: Window, x: int, y: int, *size: int) -> None:
    """Give a window a place, or a place and a size: a size without a place would move it by its frame.

    Window managers remember places as the window's own gravity has them, by the frame or by the client area; with
    another one it would come back from being maximized to somewhere else.
    """
    gravity, left, top = _gravity(desk, window.id)
    given = 0b1111 if size else 0b0011
    tell(desk, window.id, "_NET_MOVERESIZE_WINDOW", gravity | given << 8 | PAGER << 12, x - left, y - top, *size)


def _adapt(desk: Desk, window: Window) -> None:
    """Let the program do what a new size makes it do."""
    rests(program(desk.x.process(desk.x.window(window.id))), desk.rest, ADAPTED_S)


def _gravity(desk: Desk, number: int) -> tuple[int, int, int]:
    """By what a window's places are meant, and how far the client area is from there."""
    window = desk.x.window(number)
    flags, *hints = desk.x.numbers(window, "WM_NORMAL_HINTS") or [0]
    if flags & Xutil.PWinGravity and hints[-1:] == [X.StaticGravity]:
        return X.StaticGravity, 0, 0
    left, _, top, _ = desk.x.numbers(window, "_NET_FRAME_EXTENTS") or [0, 0, 0, 0]
    return X.NorthWestGravity, left, top


def _focus(desk: Desk, window: Window) -> None:
    tell(desk, window.id, "_NET_ACTIVE_WINDOW", PAGER, X.CurrentTime)
    if not desk.comes_true(lambda: active(desk.x) == [window.id], FOCUS_S):
        managed(desk, window.id)
        at = [seen.window.title for seen in see(desk, numbers(desk.x)) if seen.window.active] or "no window"
        message = f"{window.title!r} did not get the keyboard focus, which is at {at}: a dialog of it may be open"
        raise Refused(ErrorCode.BLOCKED, message)


def _change(desk: Desk, window: Window, state: WindowState) -> None:
    """From any state to any other; what is in the background stays there, unless it was minimized."""
    if state == "minimized":
        tell(desk, window.id, "WM_CHANGE_STATE", int(Xutil.IconicState))
        desk.comes_true(lambda: active(desk.x) != [window.id], FOCUS_S)
        return
    if window.state == "minimized":
        tell(desk, window.id, "_NET_ACTIVE_WINDOW", PAGER, X.CurrentTime)
        desk.comes_true(lambda: active(desk.x) == [window.id], FOCUS_S)
    if state == "normal":
        _restore(desk, window)
    else:
        _set(desk, window, ADD if state == "fullscreen" else REMOVE, FULLSCREEN)
        if state == "maximized":
            _set(desk, window, ADD, *MAXIMIZED)
        _adapt(desk, window)


def _restore(desk: Desk, window: Window) -> None:
    """Back to where it was before it was maximized or fullscreen.

    The state changes before the size does. A program that sees the one and not yet the other may ask for a size like
    the one it still has; then the manager undoes what it did, and is told again where the window was.
    """
    desk.x.listen(desk.x.window(window.id))
    given = None
    for names in ((FULLSCREEN,), MAXIMIZED):
        desk.x.take_given(window.id)  # what came late of the step before
        _set(desk, window, REMOVE, *names)
        given = desk.x.take_given(window.id) or given
        _adapt(desk, window)
    region = managed(desk, window.id).window.region
    if given is not None and (region.x, region.y, region.width, region.height) != given:
        _place(desk, window, *given)
        _adapt(desk, window)


def _set(desk: Desk, window: Window, change: int, *names: str) -> None:
    first, second = (*map(desk.x.atom, names), 0)[:2]
    tell(desk, window.id, "_NET_WM_STATE", change, first, second, PAGER)


def _asks(seen: Seen, window: Window, before: set[int]) -> bool:
    """Whether a window came since, and of the one that is to close."""
    same = window.pid is not None and seen.window.pid == window.pid
    return seen.window.id not in before and (same or seen.owner == window.id)


def _stayed(action: CloseWindow, window: Window, came: list[Seen]) -> str:
    if came:
        asked = "; ".join(f"{seen.window.title!r} (window {seen.window.id})" for seen in came)
        return f"{window.title!r} did not close, a window came instead: {asked}; answer it, or close with force"
    return (
        f"{window.title!r} is still there {action.timeout_ms} ms after it was asked to close: it may have a dialog open"
        " or be stuck; look at it, or close with force, which loses what was not saved"
    )
