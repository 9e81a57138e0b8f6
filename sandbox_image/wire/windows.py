"""Windows as the window manager knows them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message
from sandbox_image.wire.geometry import Region


class WaitWindow(Message):
    """Wait until a visible window matches everything given; the newest one where several do.

    `title` is a part of the title, case folded; `title_regex` a Python regular expression searched in it;
    `window_class` either half of WM_CLASS, case folded; `pid` that of the process that owns the window.
    """

    kind: Literal["wait_window"] = "wait_window"
    title: str | None = None
    title_regex: str | None = None
    window_class: str | None = None
    pid: int | None = None
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class ListWindows(Message):
    """List the windows that the window manager manages, bottom to top."""

    kind: Literal["list_windows"] = "list_windows"


class Window(Message):
    """One window, as the window manager sees it. `region` is the client area without the frame."""

    id: int
    title: str
    window_class: tuple[str, str]  # WM_CLASS: instance, class
    pid: int | None
    region: Region
    active: bool


class WindowFound(Message):
    """The window that was waited for."""

    kind: Literal["window_found"] = "window_found"
    window: Window


class WindowList(Message):
    """All managed windows, bottom to top."""

    kind: Literal["window_list"] = "window_list"
    windows: tuple[Window, ...]


WindowAction = WaitWindow | ListWindows
