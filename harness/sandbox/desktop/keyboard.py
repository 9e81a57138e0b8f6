"""The keyboard."""

from __future__ import annotations

from harness.sandbox.desktop.requests import SETTLE, Requests, sendable
from sandbox_image.wire import (
    Effect,
    Press,
    Settle,
    TypeText,
)


class Keyboard(Requests):
    """What a hand does with the keyboard."""

    async def press(self, keys: str, *, repeat: int = 1, settle: Settle = SETTLE) -> Effect:
        """Press a key or a chord such as `ctrl+shift+t`. Raises UnknownKey, and then nothing was pressed."""
        with sendable():
            action = Press(keys=keys, repeat=repeat)
        return await self._act(action, settle)

    async def type(self, text: str, *, settle: Settle = SETTLE) -> Effect:
        """Type text at the keyboard focus, exactly. Raises Untypable, and then nothing was typed."""
        with sendable():
            action = TypeText(text=text)
        return await self._act(action, settle)
