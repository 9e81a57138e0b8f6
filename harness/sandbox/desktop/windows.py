"""Windows, as the window manager knows them."""

from __future__ import annotations

import re

from harness.errors import UsageError
from harness.sandbox.desktop.requests import GRACE, Extent, Place, Requests, either, extent, ms, point, sendable
from sandbox_image.wire import (
    CloseWindow,
    Done,
    FocusWindow,
    ListWindows,
    MoveWindow,
    ResizeWindow,
    SetWindowState,
    WaitWindow,
    WaitWindowGone,
    Window,
    WindowFound,
    WindowList,
    WindowState,
)


class Windows(Requests):
    """What can be done with windows. Menus and tooltips are none: the window manager does not know them.

    A window is named by the Window that another method gave, or by its `id`. Raises NoSuchWindow where it is gone.
    Its `region` is its client area in screen pixels, without title bar and border.
    Methods that change a window return it as it is then, since window managers and programs may grant less than they
    are asked for, and raise an ActionFailed where the window manager does not answer.
    """

    async def windows(self) -> tuple[Window, ...]:
        """The windows that the window manager manages, bottom to top; the desktop's panel is one of them."""
        return (await self._one(ListWindows(), WindowList)).windows

    async def wait_for_window(
        self,
        title: str | re.Pattern[str] | None = None,
        *,
        window_class: str | None = None,
        pid: int | None = None,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting, and says what it saw meanwhile
    ) -> Window:
        """Wait for a visible window that matches everything given; the newest one where several do.

        `title` is a part of the title, in any case, or a regular expression that is searched in it; `window_class`
        either half of WM_CLASS, in any case; `pid` the process that owns it. Raises NoSuchWindow after `timeout`
        seconds, saying which windows were there.
        """
        literal, regex = either(title)
        with sendable():
            action = WaitWindow(
                title=literal, title_regex=regex, window_class=window_class, pid=pid, timeout_ms=ms(timeout, 0)
            )
        return (await self._one(action, WindowFound, deadline=timeout + GRACE)).window

    async def wait_for_window_gone(
        self,
        window: Window | int | str | re.Pattern[str] | None = None,
        *,
        title: str | re.Pattern[str] | None = None,
        window_class: str | None = None,
        pid: int | None = None,
        timeout: float = 40.0,  # noqa: ASYNC109 - as above
    ) -> None:
        """Wait until no window matches everything given, as for `wait_for_window`; minimized ones count.

        A `window` that is text or a pattern means its title. Raises WindowStayed after `timeout` seconds.
        """
        if isinstance(window, str | re.Pattern):
            if title is not None:
                raise UsageError(f"two titles are given, {window!r} and {title!r}; give one of them")
            window, title = None, window
        literal, regex = either(title)
        with sendable():
            action = WaitWindowGone(
                window=None if window is None else _number(window),
                title=literal,
                title_regex=regex,
                window_class=window_class,
                pid=pid,
                timeout_ms=ms(timeout, 0),
            )
        await self._one(action, Done, deadline=timeout + GRACE)

    async def focus(self, window: Window | int) -> Window:
        """Bring a window to the front with the keyboard focus; a minimized one comes back.

        Raises NoSuchWindow; an ActionFailed where it does not get the focus.
        """
        with sendable():
            action = FocusWindow(window=_number(window))
        return (await self._one(action, WindowFound)).window

    async def move_window(self, window: Window | int, to: Place) -> Window:
        """Move a window so that the upper left corner of its client area is at `to`, which may be off the screen.

        In screen pixels. Raises NoSuchWindow.
        """
        with sendable():
            action = MoveWindow(window=_number(window), to=point(to))
        return (await self._one(action, WindowFound)).window

    async def resize_window(self, window: Window | int, size: Extent) -> Window:
        """Give a window a client area of `size` pixels, width and height; a terminal takes whole characters only.

        Raises NoSuchWindow.
        """
        with sendable():
            action = ResizeWindow(window=_number(window), size=extent(size))
        return (await self._one(action, WindowFound)).window

    async def set_window_state(self, window: Window | int, state: WindowState) -> Window:
        """Make a window `maximized`, `minimized`, `fullscreen` or again `normal`. Raises NoSuchWindow."""
        with sendable():
            action = SetWindowState(window=_number(window), state=state)
        return (await self._one(action, WindowFound)).window

    async def close_window(
        self,
        window: Window | int,
        *,
        force: bool = False,
        timeout: float = 10.0,  # noqa: ASYNC109 - as above
    ) -> None:
        """Ask a window to close and wait until it is gone.

        Raises WindowStayed where a dialog comes instead, as for a document that is not saved, or `timeout` seconds
        pass; NoSuchWindow. With `force` its program is not asked but cut off from the screen, which ends it, with all
        of its windows.
        """
        with sendable():
            action = CloseWindow(window=_number(window), force=force, timeout_ms=ms(timeout, 0))
        await self._one(action, Done, deadline=timeout + GRACE)


def _number(window: Window | int) -> int:
    return window.id if isinstance(window, Window) else window
