"""The mouse."""

from __future__ import annotations

from harness.sandbox.desktop.requests import SETTLE, Place, Requests, point, sendable
from sandbox_image.wire import (
    Button,
    Click,
    Drag,
    Effect,
    Move,
    Scroll,
    Settle,
)


class Pointer(Requests):
    """What a hand does with the mouse."""

    async def move(self, to: Place, *, settle: Settle = SETTLE) -> Effect:
        """Move the pointer."""
        with sendable():
            action = Move(to=point(to))
        return await self._act(action, settle)

    async def click(
        self, at: Place | None = None, *, button: Button = "left", count: int = 1, settle: Settle = SETTLE
    ) -> Effect:
        """Click one to three times; at the pointer where no place is given."""
        with sendable():
            action = Click(at=None if at is None else point(at), button=button, count=count)
        return await self._act(action, settle)

    async def drag(self, *path: Place, button: Button = "left", settle: Settle = SETTLE) -> Effect:
        """Press at the first place, move through the others, release at the last."""
        with sendable():
            action = Drag(path=tuple(point(place) for place in path), button=button)
        return await self._act(action, settle)

    async def scroll(self, at: Place | None = None, *, dx: int = 0, dy: int = 0, settle: Settle = SETTLE) -> Effect:
        """Turn the wheel by clicks: `dx` to the right, `dy` down, negative for left and up."""
        with sendable():
            action = Scroll(at=None if at is None else point(at), dx=dx, dy=dy)
        return await self._act(action, settle)
