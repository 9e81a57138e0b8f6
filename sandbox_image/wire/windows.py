"""Windows as the window manager knows them. It does not manage menus, tooltips and the like: those are none here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message
from sandbox_image.wire.geometry import Region, ScreenPoint, Size

WindowState = Literal["normal", "maximized", "minimized", "fullscreen"]


class _Wish(Message):
    """Which window is waited for: one that matches everything given.

    `title` is a part of the title, case folded; `title_regex` a Python regular expression searched in it;
    `window_class` either half of WM_CLASS, case folded; `pid` that of the process that owns the window.
    """

    title: str | None = None
    title_regex: str | None = None
    window_class: str | None = None
    pid: int | None = None
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class WaitWindow(_Wish):
    """Wait until a visible window matches everything given; the newest one where several do."""

    kind: Literal["wait_window"] = "wait_window"


class WaitWindowGone(_Wish):
    """Wait until no window matches everything given, not even a minimized one; `window` is the number of one."""

    kind: Literal["wait_window_gone"] = "wait_window_gone"
    window: int | None = None


class ListWindows(Message):
    """List the windows that the window manager manages, bottom to top."""

    kind: Literal["list_windows"] = "list_windows"


class FocusWindow(Message):
    """Bring a window to the front with the keyboard focus; a minimized one comes back."""

    kind: Literal["focus_window"] = "focus_window"
    window: int


class MoveWindow(Message):
    """Move a window: `to` is the new place of the upper left corner of its client area, which may be off the screen."""

    kind: Literal["move_window"] = "move_window"
    window: int
    to: ScreenPoint


class ResizeWindow(Message):
    """Give a window another client area. Window managers and programs may grant another size than that."""

    kind: Literal["resize_window"] = "resize_window"
    window: int
    size: Size


class SetWindowState(Message):
    """Maximize, minimize, make fullscreen, or bring back to what it was before."""

    kind: Literal["set_window_state"] = "set_window_state"
    window: int
    state: WindowState


class CloseWindow(Message):
    """Ask a window to close and wait until it is gone; with `force` its program is cut off from the screen instead."""

    kind: Literal["close_window"] = "close_window"
    window: int
    force: bool = False
    timeout_ms: int = Field(default=10_000, ge=0, le=MAX_DEADLINE_MS)


class Window(Message):
    """One window, as the window manager sees it. `region` is the client area without the frame."""

    id: int
    title: str
    window_class: tuple[str, str]  # WM_CLASS: instance, class
    pid: int | None
    region: Region
    active: bool
    state: WindowState = "normal"


class WindowFound(Message):
    """The window that was waited for or changed, as it is now."""

    kind: Literal["window_found"] = "window_found"
    window: Window


class WindowList(Message):
    """All managed windows, bottom to top."""

    kind: Literal["window_list"] = "window_list"
    windows: tuple[Window, ...]


WindowAction = (
    WaitWindow | WaitWindowGone | ListWindows | FocusWindow | MoveWindow | ResizeWindow | SetWindowState | CloseWindow
)
