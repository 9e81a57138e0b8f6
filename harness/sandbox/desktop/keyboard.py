"""The keyboard."""

from __future__ import annotations

from harness.sandbox.desktop.requests import SETTLE, Requests, sendable
from sandbox_image.wire import (
    Effect,
    KeyDown,
    KeyUp,
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

    async def key_down(self, keys: str, *, settle: Settle = SETTLE) -> Effect:
        """Press a key or a chord and keep it down, until `key_up` or `release_all`, as `button_down` does.

        A `press` meanwhile adds its keys to those that are held; typing is refused. Keys that are held for half a
        second begin to repeat. Raises, before anything is pressed: UnknownKey; WrongHold where one is down already.
        """
        with sendable():
            action = KeyDown(keys=keys)
        return await self._act(action, settle)

    async def key_up(self, keys: str, *, settle: Settle = SETTLE) -> Effect:
        """Release what `key_down` holds. Raises WrongHold, saying what is down, where one of the keys is not held."""
        with sendable():
            action = KeyUp(keys=keys)
        return await self._act(action, settle)

    async def type(self, text: str, *, settle: Settle = SETTLE) -> Effect:
        """Type text at the keyboard focus, exactly. Raises Untypable, and then nothing was typed."""
        with sendable():
            action = TypeText(text=text)
        return await self._act(action, settle)
