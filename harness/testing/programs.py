"""Programs of the fake desktop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from harness.testing.held import Held
from harness.testing.manager import FakeManager
from harness.testing.windows import FakeWindow
from sandbox_image.wire import ErrorCode, Launch, Launched, ProgramAction, Refused

Factory: TypeAlias = Callable[[tuple[str, ...]], FakeWindow | None]
"""From an argv to the window the program opens, if any."""


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
