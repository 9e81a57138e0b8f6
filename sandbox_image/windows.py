"""Windows as the window manager knows them (EWMH), and waiting for one. Foreign windows may vanish at any moment."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable
from typing import assert_never

from Xlib import X, error

from sandbox_image.display import Connection
from sandbox_image.lane import Desk
from sandbox_image.wire import (
    MAX_COORDINATE,
    ErrorCode,
    ListWindows,
    Refused,
    Region,
    WaitWindow,
    Window,
    WindowAction,
    WindowFound,
    WindowList,
)

MAX_TITLE_BYTES = 1024
"""Titles come from programs and may be of any length."""
NAMED = 10
"""Windows named in an error at most."""
ASK_S = 0.02
"""How often the window manager is asked, besides whenever something changes."""
PACE_S = 0.05
"""The least time from one list of windows to the next, for titles that change all the time."""
IDLE_S = 60.0
"""How long one wait for an event lasts; then the next one begins."""
FOCUS_S = 0.3
"""How long a window that is there may take to get the keyboard focus, so that what is typed next reaches it."""


def do(desk: Desk, action: WindowAction) -> WindowList | WindowFound:
    """One action of this room."""
    match action:
        case ListWindows():
            return list_windows(desk, action)
        case WaitWindow():
            try:
                return wait_window(desk, action)
            finally:
                desk.x.deafen()
        case _:
            assert_never(action)


def list_windows(desk: Desk, action: ListWindows) -> WindowList:  # noqa: ARG001 - all actions have one form
    """All managed windows, bottom to top."""
    return WindowList(windows=_windows(desk.x, "_NET_CLIENT_LIST_STACKING"))


def differing(desk: Desk, before: WindowList | None) -> WindowList:
    """The managed windows, once they are others than before, or a title, a place or the focus is."""
    watched: set[int] = set()
    try:
        while True:
            _listen(desk.x, [desk.x.root.id, *desk.x.numbers(desk.x.root, "_NET_CLIENT_LIST")], watched)
            there = list_windows(desk, ListWindows())
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
    watched: set[int] = set()
    _listen(desk.x, [desk.x.root.id], watched)
    while True:
        _listen(desk.x, desk.x.numbers(desk.x.root, "_NET_CLIENT_LIST"), watched)
        there = [window for window in _windows(desk.x, "_NET_CLIENT_LIST") if _visible(desk.x, window.id)]
        found = next((window for window in reversed(there) if matches(window)), None)  # in the order of mapping
        now = time.monotonic()
        if found is not None:
            focus = focus or min(until, now + FOCUS_S)
            if found.active or now >= focus:
                return WindowFound(window=found)
        elif now >= until:
            raise Refused(ErrorCode.NO_SUCH_WINDOW, _absent(action, there))
        desk.pause(until if found is None or focus is None else focus)


def attended(desk: Desk, until: float = math.inf) -> bool:
    """Wait until the window manager has dealt with all it was sent before; whether it has by that monotonic time."""
    probe = desk.x.probe()
    try:
        while not desk.x.manager_answers(probe):
            now = time.monotonic()
            if now >= until:
                return False
            desk.pause(min(until, now + ASK_S))
    finally:
        probe.destroy()
    return True


def _listen(x: Connection, numbers: Iterable[int], watched: set[int]) -> None:
    """Have events wake us when one of these windows changes; before it is read, so that no change is missed."""
    for number in set(numbers) - watched:
        x.listen(x.window(number))
        watched.add(number)


def _windows(x: Connection, order: str) -> tuple[Window, ...]:
    active = x.numbers(x.root, "_NET_ACTIVE_WINDOW")
    found = (_read(x, number, active=[number] == active) for number in x.numbers(x.root, order))
    return tuple(window for window in found if window is not None)


def _read(x: Connection, number: int, *, active: bool) -> Window | None:
    window = x.window(number)
    try:
        geometry = window.get_geometry()
        origin = x.root.translate_coords(window, 0, 0)
    except error.XError:
        return None  # gone since the list was read
    title = x.raw(window, "_NET_WM_NAME", MAX_TITLE_BYTES) or x.raw(window, "WM_NAME", MAX_TITLE_BYTES)
    pid = x.numbers(window, "_NET_WM_PID")
    return Window(
        id=number,
        title=title.decode(errors="replace"),
        window_class=_class(x.raw(window, "WM_CLASS", MAX_TITLE_BYTES)),
        pid=pid[0] if pid else None,
        region=Region(
            x=_clamped(origin.x),
            y=_clamped(origin.y),
            width=_clamped(geometry.width),
            height=_clamped(geometry.height),
        ),
        active=active,
    )


def _class(raw: bytes) -> tuple[str, str]:
    instance, _, rest = raw.decode(errors="replace").partition("\0")
    return instance, rest.partition("\0")[0]


def _clamped(place: int) -> int:
    return max(-MAX_COORDINATE, min(MAX_COORDINATE, place))


def _visible(x: Connection, number: int) -> bool:
    try:
        state: int = x.window(number).get_attributes().map_state
    except error.XError:
        return False
    return state == int(X.IsViewable)


def _matcher(action: WaitWindow) -> Callable[[Window], bool]:
    try:
        pattern = re.compile(action.title_regex or "")
    except re.error as problem:
        message = f"title_regex {action.title_regex!r} is not a regular expression: {problem}"
        raise Refused(ErrorCode.MALFORMED, message) from None
    title, kind = (action.title or "").casefold(), (action.window_class or "").casefold()

    def matches(window: Window) -> bool:
        return (
            title in window.title.casefold()
            and pattern.search(window.title) is not None
            and (not kind or kind in [half.casefold() for half in window.window_class])
            and action.pid in (None, window.pid)
        )

    return matches


def _absent(action: WaitWindow, there: list[Window]) -> str:
    asked = action.model_dump(exclude={"kind", "timeout_ms"}, exclude_none=True)
    wanted = ", ".join(f"{name} {value!r}" for name, value in asked.items()) or "at all"
    shown = "; ".join(f"{window.title!r} ({window.window_class[1]})" for window in there[-NAMED:]) or "none"
    more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
    return f"no window with {wanted} within {action.timeout_ms} ms; windows on the screen: {shown}{more}"
