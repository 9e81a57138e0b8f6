"""Pressing keys and typing text by XTEST, over the keyboard map that the server has at this moment.

pyautogui is not used here: it types `>` for `<`, ignores keys it does not know and cannot tell what is on the layout.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple, assert_never

from Xlib import X

from sandbox_image.display import KEYS, Connection
from sandbox_image.keys import CAPS_LOCK, SHIFT, Key, parse, symbol_of
from sandbox_image.lane import Desk
from sandbox_image.manager import attended
from sandbox_image.wire import Done, ErrorCode, KeyboardAction, KeyDown, KeyUp, Press, Refused, TypeText

BATCH = 100
"""Characters between two looks at whether typing was cancelled; a batch takes some 5 ms."""
ATTENDED_S = 0.2
"""How long a chord is held down at most: keys that are held for half a second begin to repeat."""
BOUND_S = 0.1
"""For programs to read the layout again when a key was added: until then they take the new key for none at all."""
HELD_S = 1.0
"""How long a program may keep keys back before it is an error to hold them."""
GROUP_SHIFT = 13
"""Where the layout in force, of up to four, stands in the pointer's mask."""


class Stroke(NamedTuple):
    """How one symbol is made: a key, with Shift or without."""

    code: int
    shift: bool


Layout = Mapping[int, Stroke]


def do(desk: Desk, action: KeyboardAction) -> Done:
    """One action of this room."""
    match action:
        case Press():
            return press(desk, action)
        case TypeText():
            return type_text(desk, action)
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
    chord = codes_of(desk, parse(action.keys))
    codes = [code for code in chord if code not in desk.held.keys]
    if not codes:
        desk.held.refuse_held(chord, desk.held.keys)
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


def type_text(desk: Desk, action: TypeText) -> Done:
    """Type text exactly. Raises Refused before anything is typed: UNTYPABLE; HELD where keys are held down."""
    desk.held.refuse_held(desk.held.keys, desk.held.keys)
    layout = read_layout(desk.x)
    strokes = iter(_strokes(action.text, layout))
    shift = layout[SHIFT].code
    with _caps_lock_off(desk.x, layout):
        while batch := list(islice(strokes, BATCH)):
            desk.stop.check()
            _send(desk.x, batch, shift)
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


def read_layout(x: Connection) -> Layout:
    """Every symbol that a key gives alone or with Shift in the layout in force; the plainest way to each."""
    rows = x.x.get_keyboard_mapping(KEYS.start, len(KEYS))
    group = x.pointer()[2] >> GROUP_SHIFT & 3
    found: dict[int, Stroke] = {}
    for level in (0, 1):
        for code, row in zip(KEYS, rows, strict=True):
            symbol = _at(row, group, level)
            if symbol != X.NoSymbol:
                found.setdefault(symbol, Stroke(code, shift=level == 1))
    return found


def _at(row: Sequence[int], group: int, level: int) -> int:
    column = 2 * group + level
    there = column < len(row) and any(row[2 * group : 2 * group + 2])
    return row[column] if there else row[level]


def _strokes(text: str, layout: Layout) -> list[Stroke]:
    strokes = []
    for offset, character in enumerate(text):
        if character == "\n" and text[offset - 1 : offset] == "\r":
            continue  # the Return was typed for the \r
        stroke = layout.get(symbol_of(character))
        if stroke is None:
            raise Refused(ErrorCode.UNTYPABLE, _untypable(character, offset))
        strokes.append(stroke)
    return strokes


def _untypable(character: str, offset: int) -> str:
    name = unicodedata.name(character, "a control character" if ord(character) < 0x20 else "unnamed")  # noqa: PLR2004
    return (
        f"no key of the keyboard layout gives {character!r} (U+{ord(character):04X}, {name}), "
        f"character {offset} of the text counted from 0; nothing was typed. "
        f"Type the rest without it, or put the text into a file"
    )


def _send(x: Connection, strokes: list[Stroke], shift: int) -> None:
    """Press and release key after key; Shift stays down over a run of shifted ones."""
    held = False
    for stroke in strokes:
        if stroke.shift != held:
            x.x.xtest_fake_input(X.KeyPress if stroke.shift else X.KeyRelease, shift)
            held = stroke.shift
        x.x.xtest_fake_input(X.KeyPress, stroke.code)
        x.x.xtest_fake_input(X.KeyRelease, stroke.code)
    if held:
        x.x.xtest_fake_input(X.KeyRelease, shift)
    x.x.sync()


@contextmanager
def _caps_lock_off(x: Connection, layout: Layout) -> Iterator[None]:
    """Caps Lock turns letters round: off for as long as typing takes, on again after it."""
    if not x.pointer()[2] & X.LockMask or CAPS_LOCK not in layout:
        yield
        return
    _tap(x, layout[CAPS_LOCK].code)
    try:
        yield
    finally:
        _tap(x, layout[CAPS_LOCK].code)


def _tap(x: Connection, code: int) -> None:
    x.x.xtest_fake_input(X.KeyPress, code)
    x.x.xtest_fake_input(X.KeyRelease, code)
    x.x.sync()


def codes_of(desk: Desk, chord: tuple[Key, ...]) -> dict[int, str]:
    """Key codes in the order to press, with the names of their keys; Shift first where a symbol needs it."""
    layout = read_layout(desk.x)
    strokes = [layout.get(key.symbol) or _bind(desk.x, key) for key in chord]
    if any(key.symbol not in layout for key in chord):
        desk.rest(BOUND_S)
    shift = {layout[SHIFT].code: "shift"} if any(stroke.shift for stroke in strokes) else {}
    return shift | {stroke.code: key.name for stroke, key in zip(strokes, chord, strict=True)}


def _bind(x: Connection, key: Key) -> Stroke:
    """Give the symbol to a key that has none. It keeps it: programs are slow to notice when a key changes twice."""
    rows = x.x.get_keyboard_mapping(KEYS.start, len(KEYS))
    free = [code for code, row in zip(KEYS, rows, strict=True) if code > KEYS.start and not any(row)]
    if not free:
        raise Refused(
            ErrorCode.UNKNOWN_KEY,
            f"no key of the keyboard layout gives {key.name!r} and no free key is left for it; nothing was pressed",
        )
    x.x.change_keyboard_mapping(free[-1], [[key.symbol] * len(rows[0])])
    x.x.sync()
    return Stroke(free[-1], shift=False)
