"""Programs of the desktop user."""

from __future__ import annotations

from harness.sandbox.desktop.requests import Requests, sendable
from sandbox_image.wire import (
    Launch,
    Launched,
)


class Programs(Requests):
    """Starting programs."""

    async def launch(self, *argv: str, cwd: str | None = None) -> Launched:
        """Start a program as the desktop user; it goes on when the request is over. Raises LaunchFailed."""
        with sendable():
            action = Launch(argv=argv, cwd=cwd)
        return await self._one(action, Launched)
