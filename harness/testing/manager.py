"""The window manager of the fake desktop: it grants what it is asked for, at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, assert_never

from harness.testing.held import Held
from harness.testing.screen import FakeScreen
from harness.testing.windows import FakeWindow
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

T = TypeVar("T")


class FakeManager:
    """Windows as others see them. Who waits is woken when one is shown or an action was done."""

    def __init__(self, screen: FakeScreen, held: Held, *, patient: bool) -> None:
        self._screen = screen
        self._held = held
        self.patient = patient

    async def do(self, action: WindowAction) -> WindowList | WindowFound | Done:
        """One action of this room."""
        async with self._held.during(action):
            match action:
                case ListWindows():
                    return WindowList(windows=self._screen.windows())
                case WaitWindow():
                    return await self._wait(action)
                case WaitWindowGone():
                    return await self._wait_gone(action)
                case CloseWindow():
                    return self._close(action)
                case FocusWindow() | MoveWindow() | ResizeWindow() | SetWindowState():
                    return WindowFound(window=self._arrange(action))
                case _:
                    assert_never(action)

    def show(self, window: FakeWindow, pid: int | None) -> None:
        """Open a window on top of the others."""
        self._screen.open(window, pid)

    async def until(self, look: Callable[[], T | None], timeout_ms: int) -> T | None:
        """What there is to see, once there is; None where nothing comes in time, or at once where nobody is patient."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_ms / 1000 if self.patient else 0):
                while (seen := look()) is None:
                    await self._screen.news.wait()
                return seen
        return None

    async def _wait(self, wanted: WaitWindow) -> WindowFound:
        if found := await self._comes(wanted, lambda: self._screen.find(wanted)):
            return WindowFound(window=found)
        given = wanted.model_dump(exclude_none=True, exclude={"kind", "timeout_ms"})
        titles = ", ".join(repr(window.title) for window in self._screen.windows()) or "none"
        message = f"no window with {given} within {wanted.timeout_ms} ms; open windows: {titles}"
        raise Refused(ErrorCode.NO_SUCH_WINDOW, message)

    async def _wait_gone(self, wanted: WaitWindowGone) -> Done:
        if gone := await self._comes(wanted, lambda: None if self._screen.matching(wanted) else Done()):
            return gone
        titles = ", ".join(repr(window.title) for window in self._screen.matching(wanted))
        raise Refused(ErrorCode.WINDOW_STAYED, f"still there after {wanted.timeout_ms} ms: {titles}")

    async def _comes(self, wanted: WaitWindow | WaitWindowGone, look: Callable[[], T | None]) -> T | None:
        try:
            re.compile(wanted.title_regex or "")
        except re.error as error:
            raise Refused(ErrorCode.MALFORMED, f"title_regex {wanted.title_regex!r}: {error}") from None
        return await self.until(look, wanted.timeout_ms)

    def _arrange(self, action: FocusWindow | MoveWindow | ResizeWindow | SetWindowState) -> Window:
        one = self._screen.numbered(action.window)
        region = one.window.region
        match action:
            case FocusWindow():
                self._screen.top(one)
                if one.state == "minimized":
                    self._screen.change(one, "normal")
            case MoveWindow(to=to):
                one.window.region = region.model_copy(update={"x": to.x, "y": to.y})
            case ResizeWindow(size=size):
                one.window.region = region.model_copy(update={"width": size.width, "height": size.height})
            case SetWindowState(state=state):
                self._screen.change(one, state)
            case _:
                assert_never(action)
        return one.told(active=one is self._screen.active)

    def _close(self, action: CloseWindow) -> Done:
        one = self._screen.numbered(action.window)
        dialog = None if action.force else one.window.closing()
        if dialog is not None:
            self.show(dialog, one.pid)
            message = f"{one.window.title!r} did not close, a window came instead: {dialog.title!r}; answer it"
            raise Refused(ErrorCode.WINDOW_STAYED, message)
        one.window.closed = True
        return Done()
