"""What is down on the fake desktop, and what a test wants to happen meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from sandbox_image.wire import Action

Hook: TypeAlias = Callable[[Action], Awaitable[None]]


class Held:
    """Buttons and keys by name. `hook` is awaited while an action holds its own."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.hook: Hook | None = None

    @asynccontextmanager
    async def during(self, action: Action, *names: str) -> AsyncIterator[None]:
        """Hold these for an action; released whatever happens."""
        fresh = set(names) - self.names
        self.names |= fresh
        try:
            if self.hook:
                await self.hook(action)
            yield
        finally:
            self.names -= fresh
