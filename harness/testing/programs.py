"""Programs and windows of the fake desktop: starting one, waiting for the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from harness.testing.held import Held
from harness.testing.screen import FakeScreen
from harness.testing.windows import FakeWindow
from sandbox_image.wire import (
    ErrorCode,
    Launch,
    Launched,
    ListWindows,
    ProgramAction,
    Refused,
    WaitWindow,
    WindowAction,
    WindowFound,
    WindowList,
)

Factory: TypeAlias = Callable[[tuple[str, ...]], FakeWindow | None]
"""From an argv to the window the program opens, if any."""


class FakeManager:
    """The window manager."""

    def __init__(self, screen: FakeScreen, held: Held, *, patient: bool) -> None:
        self._screen = screen
        self._held = held
        self._shown = asyncio.Event()
        self.patient = patient

    async def do(self, action: WindowAction) -> WindowList | WindowFound:
        """One action of this room."""
        async with self._held.during(action):
            match action:
                case ListWindows():
                    return WindowList(windows=self._screen.windows())
                case WaitWindow():
                    return await self._wait(action)
                case _:
                    assert_never(action)

    def show(self, window: FakeWindow, pid: int | None) -> None:
        """Open a window on top of the others."""
        self._screen.open(window, pid)
        self._shown.set()
        self._shown = asyncio.Event()

    async def _wait(self, wanted: WaitWindow) -> WindowFound:
        try:
            re.compile(wanted.title_regex or "")
            async with asyncio.timeout(wanted.timeout_ms / 1000 if self.patient else 0):
                while not (found := self._screen.find(wanted)):
                    await self._shown.wait()
        except re.error as error:
            raise Refused(ErrorCode.MALFORMED, f"title_regex {wanted.title_regex!r}: {error}") from None
        except TimeoutError:
            raise Refused(ErrorCode.NO_SUCH_WINDOW, self._missing(wanted)) from None
        return WindowFound(window=found)

    def _missing(self, wanted: WaitWindow) -> str:
        given = wanted.model_dump(exclude_none=True, exclude={"kind", "timeout_ms"})
        titles = ", ".join(repr(window.title) for window in self._screen.windows()) or "none"
        return f"no window with {given} within {wanted.timeout_ms} ms; open windows: {titles}"


class FakePrograms:
    """Programs by the first word of their command lines."""

    def __init__(self, manager: FakeManager, held: Held, apps: Mapping[str, Factory]) -> None:
        self._manager = manager
        self._held = held
        self._next_pid = 1000
        self.apps = dict(apps)

    async def do(self, action: ProgramAction) -> Launched:
        """One action of this room."""
        async with self._held.during(action):
            return self._launch(action)

    def _launch(self, action: Launch) -> Launched:
        factory = self.apps.get(action.argv[0])
        if factory is None:
            known = ", ".join(sorted(self.apps)) or "none"
            raise Refused(ErrorCode.LAUNCH_FAILED, f"no program named {action.argv[0]!r}; this fake has: {known}")
        pid, self._next_pid = self._next_pid, self._next_pid + 1
        window = factory(action.argv)
        if window:
            self._manager.show(window, pid)
        return Launched(pid=pid, log=f"/tmp/launch-{pid}.log")  # noqa: S108 - a path in the fake, as in the sandbox
