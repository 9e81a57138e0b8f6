"""Listing windows and waiting for one to come or go; what changes them is in `arranging.py`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import assert_never

from sandbox_image import arranging
from sandbox_image.lane import Desk
from sandbox_image.manager import Seen, numbers, see
from sandbox_image.wire import (
    CloseWindow,
    Done,
    ErrorCode,
    FocusWindow,
    ListWindows,
    MoveWindow,
    Refused,
    ResizeWindow,
    SetWindowState,
    WaitWindow,
    WaitWindowGone,
    Window,
    WindowAction,
    WindowFound,
    WindowList,
)

NAMED = 10
"""Windows named in an error at most."""
MAPPING, STACKING = "_NET_CLIENT_LIST", "_NET_CLIENT_LIST_STACKING"
PACE_S = 0.05
"""The least time from one list of windows to the next, for titles that change all the time."""
IDLE_S = 60.0
"""How long one wait for an event lasts; then the next one begins."""
FOCUS_S = 0.3
"""How long a window that is there may take to get the keyboard focus, so that what is typed next reaches it."""


def do(desk: Desk, action: WindowAction) -> WindowList | WindowFound | Done:
    """One action of this room."""
    try:
        return _do(desk, action)
    finally:
        desk.x.deafen()


def _do(desk: Desk, action: WindowAction) -> WindowList | WindowFound | Done:
    match action:
        case ListWindows():
            return list_windows(desk, action)
        case WaitWindow():
            return wait_window(desk, action)
        case WaitWindowGone():
            return wait_window_gone(desk, action)
        case CloseWindow():
            return arranging.close_window(desk, action)
        case FocusWindow() | MoveWindow() | ResizeWindow() | SetWindowState():
            return WindowFound(window=arranging.arrange(desk, action))
        case _:
            assert_never(action)


def list_windows(desk: Desk, action: ListWindows) -> WindowList:  # noqa: ARG001 - all actions have one form
    """All managed windows, bottom to top."""
    return WindowList(windows=tuple(seen.window for seen in see(desk, numbers(desk.x, STACKING))))


def differing(desk: Desk, before: WindowList | None) -> WindowList:
    """The managed windows, once they are others than before, or a title, a place or the focus is."""
    look = _watching(desk, STACKING)
    try:
        while True:
            there = WindowList(windows=tuple(seen.window for seen in look()))
            if there != before:
                return there
            desk.pause(time.monotonic() + IDLE_S)
            desk.rest(PACE_S)
    finally:
        desk.x.deafen()


def wait_window(desk: Desk, action: WaitWindow) -> WindowFound:
    """Wait for a visible window that matches and, a moment, for its focus: window managers give it after mapping.

    Raises Refused: NO_SUCH_WINDOW naming those there are; MALFORMED.
    """
    until = time.monotonic() + action.timeout_ms / 1000
    focus: float | None = None
    matches = _matcher(action)
    look = _watching(desk)
    while True:
        there = [seen.window for seen in look() if seen.visible]
        found = next((window for window in reversed(there) if matches(window)), None)  # in the order of mapping
        now = time.monotonic()
        if found is not None:
            focus = focus or min(until, now + FOCUS_S)
            if found.active or now >= focus:
                return WindowFound(window=found)
        elif now >= until:
            raise Refused(ErrorCode.NO_SUCH_WINDOW, _absent(action, there))
        desk.pause(until if found is None or focus is None else focus)


def wait_window_gone(desk: Desk, action: WaitWindowGone) -> Done:
    """Wait until none matches. Raises Refused: WINDOW_STAYED naming those that do; MALFORMED."""
    until = time.monotonic() + action.timeout_ms / 1000
    matches = _matcher(action)
    look = _watching(desk)
    while there := [seen.window for seen in look() if matches(seen.window)]:
        if time.monotonic() >= until:
            raise Refused(
                ErrorCode.WINDOW_STAYED,
                f"{_named(there)} still there after {action.timeout_ms} ms: close it, or wait longer",
            )
        desk.pause(until)
    return Done()


def _watching(desk: Desk, order: str = MAPPING) -> Callable[[], list[Seen]]:
    """A look at all windows, in the order of mapping or stacking. What changes in one of them later wakes a pause.

    Half of the time at most goes into looking: where there are thousands, whoever works through them gets the rest.
    """
    watched: set[int] = set()
    took = 0.0

    def listen(wanted: list[int]) -> list[int]:
        for number in set(wanted) - watched:
            desk.x.listen(desk.x.window(number))
        watched.update(wanted)
        return wanted

    def look() -> list[Seen]:
        nonlocal took
        desk.rest(took)
        began = time.monotonic()
        seen = see(desk, listen(numbers(desk.x, order)))
        took = time.monotonic() - began
        return seen

    listen([desk.x.root.id])
    return look


def _matcher(action: WaitWindow | WaitWindowGone) -> Callable[[Window], bool]:
    try:
        pattern = re.compile(action.title_regex or "")
    except re.error as problem:
        message = f"title_regex {action.title_regex!r} is not a regular expression: {problem}"
        raise Refused(ErrorCode.MALFORMED, message) from None
    title, kind = (action.title or "").casefold(), (action.window_class or "").casefold()
    number = action.window if isinstance(action, WaitWindowGone) else None

    def matches(window: Window) -> bool:
        return (
            title in window.title.casefold()
            and pattern.search(window.title) is not None
            and (not kind or kind in [half.casefold() for half in window.window_class])
            and action.pid in (None, window.pid)
            and number in (None, window.id)
        )

    return matches


def _absent(action: WaitWindow, there: list[Window]) -> str:
    asked = action.model_dump(exclude={"kind", "timeout_ms"}, exclude_none=True)
    wanted = ", ".join(f"{name} {value!r}" for name, value in asked.items()) or "at all"
    return f"no window with {wanted} within {action.timeout_ms} ms; windows on the screen: {_named(there)}"


def _named(windows: list[Window]) -> str:
    shown = "; ".join(f"{window.title!r} ({window.window_class[1]})" for window in windows[-NAMED:]) or "none"
    return f"{shown} and {len(windows) - NAMED} more" if len(windows) > NAMED else shown
