"""Pressing and holding keys by XTEST, over the keyboard map that the server has at this moment.

pyautogui is not used here: it types `>` for `<`, ignores keys it does not know and cannot tell what is on the layout.
"""

from __future__ import annotations

import time
from typing import assert_never

from Xlib import X

from sandbox_image.keys import LEVEL3, MODIFIERS, SHIFT, Key, parse
from sandbox_image.lane import Desk
from sandbox_image.layout import bind, place
from sandbox_image.manager import attended
from sandbox_image.typist import type_text
from sandbox_image.wire import (
    Done,
    ErrorCode,
    Hold,
    KeyboardAction,
    KeyDown,
    KeyUp,
    Press,
    Refused,
    Typed,
    TypeText,
)

ATTENDED_S = 0.2
"""How long a chord is held down at most: keys that are held for half a second begin to repeat."""
SHORTCUT = MODIFIERS - {SHIFT, SHIFT + 1, LEVEL3}
"""What makes a shortcut of a chord."""
HELD_S = 1.0
"""How long a program may keep keys back before it is an error to hold them."""


def do(desk: Desk, action: KeyboardAction) -> Done | Typed:
    """One action of this room."""
    match action:
        case Press():
            return press(desk, action)
        case TypeText():
            return type_text(desk, action)
        case Hold():
            return hold(desk, action)
        case KeyDown():
            return key_down(desk, action)
        case KeyUp():
            return key_up(desk, action)
        case _:
            assert_never(action)


def press(desk: Desk, action: Press) -> Done:
    """Press a chord, release it, as often as asked; keys that are held already stay down.

    Raises Refused, before anything is pressed: UNKNOWN_KEY; HELD where all of them are held.

    The window manager sees a chord first. One that it acts on until a modifier is released, as alt+Tab, would never
    end if the release came before it has taken the keyboard.
    """
    codes = _free(desk, action.keys)
    for _ in range(action.repeat):
        desk.stop.check()
        for code in codes:
            desk.x.x.xtest_fake_input(X.KeyPress, code)
        if len(codes) > 1 and desk.x.manager_there():
            attended(desk, time.monotonic() + ATTENDED_S)
        for code in reversed(codes):
            desk.x.x.xtest_fake_input(X.KeyRelease, code)
        desk.x.x.sync()
    return Done()


def hold(desk: Desk, action: Hold) -> Done:
    """Hold a chord down for a time, beside the keys that are held already. Raises Refused as `press` does."""
    codes = _free(desk, action.keys)
    for code in codes:
        desk.x.x.xtest_fake_input(X.KeyPress, code)
    desk.rest(action.hold_ms / 1000)
    for code in reversed(codes):
        desk.x.x.xtest_fake_input(X.KeyRelease, code)
    desk.x.x.sync()
    return Done()


def key_down(desk: Desk, action: KeyDown) -> Done:
    """Press a chord that stays down. Raises Refused before anything is pressed: UNKNOWN_KEY, HELD."""
    codes = codes_of(desk, parse(action.keys))
    desk.held.refuse_held(codes, desk.held.keys)
    for code in codes:
        desk.x.x.xtest_fake_input(X.KeyPress, code)
    if not desk.comes_true(lambda: codes.keys() <= set(desk.x.keys_down()), HELD_S):
        raise Refused(
            ErrorCode.BLOCKED,
            f"{action.keys!r} was pressed, but a program holds the keyboard and does not let it through; it was "
            f"released, end what that program is doing",
        )
    desk.held.keys |= codes
    return Done()


def key_up(desk: Desk, action: KeyUp) -> Done:
    """Release a chord that is held. Raises Refused before anything is released: UNKNOWN_KEY, HELD."""
    codes = codes_of(desk, parse(action.keys))
    desk.held.refuse_free(codes, desk.held.keys)
    for code in reversed(codes):
        desk.x.x.xtest_fake_input(X.KeyRelease, code)
        del desk.held.keys[code]
    desk.x.x.sync()
    return Done()


def _free(desk: Desk, keys: str) -> list[int]:
    """Key codes of a chord that are not held already, of which there must be some."""
    chord = codes_of(desk, parse(keys))
    codes = [code for code in chord if code not in desk.held.keys]
    if not codes:
        desk.held.refuse_held(chord, desk.held.keys)
    return codes


def codes_of(desk: Desk, chord: tuple[Key, ...]) -> dict[int, str]:
    """Key codes in the order to press, with the names of their keys; Shift first where a symbol needs it."""
    symbols = [key.symbol for key in chord]
    placed = place(desk, symbols) if SHORTCUT.intersection(symbols) else {}
    layout = bind(desk, [symbol for symbol in symbols if symbol not in placed])
    if layout is None:
        raise Refused(
            ErrorCode.UNKNOWN_KEY,
            f"the keyboard layout has no key for {'+'.join(key.name for key in chord)!r} and no key is free for it; "
            f"nothing was pressed",
        )
    strokes = [placed.get(symbol) or layout[symbol] for symbol in symbols]
    modifiers = {code: "shift" for stroke in strokes for code in stroke.held}
    return modifiers | {stroke.code: key.name for stroke, key in zip(strokes, chord, strict=True)}
