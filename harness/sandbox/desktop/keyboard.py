"""The keyboard."""

from __future__ import annotations

from typing import Literal, overload

from harness.errors import UsageError
from harness.sandbox.desktop.accessibility import Accessibility
from harness.sandbox.desktop.reading_back import ReadBack, ReadingBack
from harness.sandbox.desktop.requests import SETTLE, Requests, ms, sendable
from sandbox_image.wire import (
    Effect,
    Hold,
    KeyDown,
    KeyUp,
    Press,
    Settle,
    TypeText,
)


class Keyboard(Requests):
    """What a hand does with the keyboard."""

    async def press(self, keys: str, *, repeat: int = 1, settle: Settle = SETTLE) -> Effect:
        """Press a key or a chord such as `ctrl+shift+t`, up to 100 times; names are xdotool's, in any case.

        Raises UnknownKey, and then nothing was pressed.
        """
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

    async def hold(self, keys: str, seconds: float, *, settle: Settle = SETTLE) -> Effect:
        """Hold a key or a chord down for some seconds, 300 at most, then release it.

        A key that writes something repeats meanwhile, as it does for a person. Keys that are held already stay down.
        Raises, before anything is pressed: UnknownKey; WrongHold where all of the keys are held already.
        """
        with sendable():
            action = Hold(keys=keys, hold_ms=ms(seconds, least=0))
        return await self._act(action, settle, seconds)

    @overload
    async def type(
        self, text: str, *, secret: bool = False, read_back: Literal[False] = False, settle: Settle = SETTLE
    ) -> Effect: ...
    @overload
    async def type(self, text: str, *, read_back: Literal[True], settle: Settle = SETTLE) -> ReadBack: ...
    async def type(
        self, text: str, *, secret: bool = False, read_back: bool = False, settle: Settle = SETTLE
    ) -> Effect | ReadBack:
        """Type text at the keyboard focus, exactly: any script, whatever the keyboard layout. A line end is Return.

        What the layout lacks is pasted into the program, which is waited for; the clipboard is as before afterwards.
        A program that does not paste gets it by keys that had no use, which suffice for some 200 characters that are
        not on the layout. A `secret` never goes through the clipboard. The result of `TypeText` in the reply says how
        many characters went in by which way.

        With `read_back` the program is asked what it made of the text, over the accessibility bus, and the result is
        a ReadBack: `exact`, another text, or why it cannot be told. It raises nothing for another text, and a secret
        is never read back.

        Raises Untypable: for control characters and for a secret there are not enough keys for, before anything is
        typed; for a program that does not paste, saying how much was typed. Raises WrongHold where keys are held
        down, and ActionFailed where the program did not finish pasting or another one took the clipboard meanwhile.
        """
        with sendable():
            action = TypeText(text=text, secret=secret)
        if not read_back:
            return await self._act(action, settle)
        if secret:
            raise UsageError("a secret is never read back: leave out `secret` or `read_back`; nothing was typed")
        reading = await ReadingBack.begin(Accessibility(self._guest, self._screen))
        return await reading.end(text, await self._act(action, settle))
