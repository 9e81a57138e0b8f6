"""What is down on the fake desktop, and what a test wants to happen meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

from sandbox_image.wire import Action, Button, ErrorCode, Refused

Hook: TypeAlias = Callable[[Action], Awaitable[None]]


class Held:
    """Buttons and keys by name, the oldest first. `hook` is awaited while an action holds its own."""

    def __init__(self) -> None:
        self.buttons: list[Button] = []
        self.keys: list[str] = []
        self.hook: Hook | None = None

    @asynccontextmanager
    async def during(
        self, action: Action, *, buttons: Sequence[Button] = (), keys: Sequence[str] = ()
    ) -> AsyncIterator[None]:
        """Hold these for an action; those that it added are released whatever happens."""
        fresh_buttons = [name for name in buttons if name not in self.buttons]
        fresh_keys = [name for name in keys if name not in self.keys]
        self.buttons += fresh_buttons
        self.keys += fresh_keys
        try:
            if self.hook:
                await self.hook(action)
            yield
        finally:
            self.buttons = [name for name in self.buttons if name not in fresh_buttons]
            self.keys = [name for name in self.keys if name not in fresh_keys]

    @contextmanager
    def request(self) -> Iterator[None]:
        """Where a request fails, what it put down is released."""
        buttons, keys = (*self.buttons,), (*self.keys,)
        try:
            yield
        except BaseException:
            self.buttons = [name for name in self.buttons if name in buttons]
            self.keys = [name for name in self.keys if name in keys]
            raise

    def refuse_held(self, *, buttons: Sequence[Button] = (), keys: Sequence[str] = ()) -> None:
        """Raise Refused(HELD) where one of those that are to go down is down."""
        for name in (*set(buttons).intersection(self.buttons), *set(keys).intersection(self.keys)):
            raise Refused(ErrorCode.HELD, f"{name!r} is held down already: {self}; nothing was pressed")

    def refuse_free(self, *, buttons: Sequence[Button] = (), keys: Sequence[str] = ()) -> None:
        """Raise Refused(HELD) where one of those that are to go up is not down."""
        for name in (*set(buttons).difference(self.buttons), *set(keys).difference(self.keys)):
            raise Refused(ErrorCode.HELD, f"{name!r} is not held down: {self}; nothing was released")

    def __str__(self) -> str:
        names = [*(f"the {name} button" for name in self.buttons), *map(repr, self.keys)]
        return f"down are {', '.join(names)}" if names else "nothing is down"
