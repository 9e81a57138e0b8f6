"""The keyboard layout in force: which key gives which symbol, and keys without a use that may be given one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from Xlib import X

from sandbox_image.display import KEYS, Connection
from sandbox_image.keys import KEYPAD, LEVEL3, SHIFT, symbol_of
from sandbox_image.lane import Desk

BOUND_S = 0.1
"""For programs to read the layout again when a key was added: until then they take the new key for none at all."""
GROUP_SHIFT = 13
"""Where the layout in force, of up to four, stands in the pointer's mask."""
TOLD_GROUPS = 2
"""Layouts whose symbols have columns of their own; where those of a third one are differs from key to key."""
MULTIMEDIA = range(0x1008_FE00, 0x1009_0000)
"""Symbols of keys such as one that starts a calculator; no keyboard has all of them."""

US_LETTERS = {
    symbol_of(letter): first + at
    for first, row in ((24, "qwertyuiop"), (38, "asdfghjkl"), (52, "zxcvbnm"))
    for at, letter in enumerate(row)
}
"""Key codes of the letters on a US keyboard."""


class Stroke(NamedTuple):
    """How one symbol is made: a key, and the keys that are down meanwhile."""

    code: int
    held: tuple[int, ...] = ()


Layout = Mapping[int, Stroke]


def read_layout(x: Connection) -> Layout:
    """Every symbol that a key gives alone, with Shift or with AltGr in the layout in force; the plainest way to each.

    A character is found by the symbol that `symbol_of` names as well as by the layout's own, since those of Greek,
    Cyrillic and others are older than Unicode. Of the keypad only what it gives alone counts: its digits are had by Num
    Lock, and with Shift it moves the cursor.
    """
    rows = _rows(x)
    group = x.pointer()[2] >> GROUP_SHIFT & 3
    if group >= TOLD_GROUPS:
        rows, group = [row if _of_every_group(row) else [X.NoSymbol] * len(row) for row in rows], 0
    found: dict[int, Stroke] = {}
    for column, modifiers in _levels(rows, group):
        held = tuple(found[symbol].code for symbol in modifiers if symbol in found)
        if len(held) < len(modifiers):
            continue
        for code, row in zip(KEYS, rows, strict=True):
            symbol = _at(row, column)
            if symbol and not (modifiers and symbol in KEYPAD):
                found.setdefault(symbol, Stroke(code, held))
    for symbol, stroke in list(found.items()):
        if code_point := _character(symbol):
            found.setdefault(symbol_of(chr(code_point)), stroke)
    return found


def bind(desk: Desk, symbols: Iterable[int]) -> Layout | None:
    """The layout with symbols it lacks given to keys without a use, two to a key; None where those do not suffice.

    Those of the keypad have a key each, since Shift does nothing to it. A key keeps what it was given: programs are
    slow to notice when one changes twice.
    """
    layout = read_layout(desk.x)
    lacking = [symbol for symbol in dict.fromkeys(symbols) if symbol not in layout]
    if not lacking:
        return layout
    alone = [[symbol] for symbol in lacking if symbol in KEYPAD]
    others = [symbol for symbol in lacking if symbol not in KEYPAD]
    pairs = alone + [others[at : at + 2] for at in range(0, len(others), 2)]
    rows = _rows(desk.x)
    spare = _spare(rows)
    if len(pairs) > len(spare):
        return None
    for code, pair in zip(spare, pairs, strict=False):
        row = [pair[0], pair[-1]] * 2
        desk.x.x.change_keyboard_mapping(code, [row + [X.NoSymbol] * (len(rows[0]) - len(row))])
    desk.rest(BOUND_S)
    return read_layout(desk.x)


def place(desk: Desk, symbols: Iterable[int]) -> Layout:
    """Small letters that the layout in force lacks, for shortcuts: at the keys that a US keyboard has them at.

    Programs take a shortcut by its key where another layout of that key has the letter, so the key is given one where
    it has none. Browsers take no other key for a shortcut.
    """
    layout, rows = read_layout(desk.x), dict(zip(KEYS, _rows(desk.x), strict=True))
    lacking = {symbol: US_LETTERS[symbol] for symbol in symbols if symbol in US_LETTERS and symbol not in layout}
    given = {
        code: [*row[:2], symbol, symbol_of(chr(symbol).upper())]
        for symbol, code in lacking.items()
        if (row := rows[code])[0] and row[:2] == row[2:4]
    }
    for code, row in given.items():
        desk.x.x.change_keyboard_mapping(code, [row])
    if given:
        desk.rest(BOUND_S)
    rows |= given
    return {symbol: Stroke(code) for symbol, code in lacking.items() if symbol in rows[code][:4]}


def send(x: Connection, strokes: Iterable[Stroke]) -> None:
    """Press and release key after key; what is held stays down over a run that needs it."""
    held: tuple[int, ...] = ()
    for stroke in [*strokes, Stroke(0)]:
        if stroke.held != held:
            for code in held:
                x.x.xtest_fake_input(X.KeyRelease, code)
            for code in stroke.held:
                x.x.xtest_fake_input(X.KeyPress, code)
            held = stroke.held
        if stroke.code:
            x.x.xtest_fake_input(X.KeyPress, stroke.code)
            x.x.xtest_fake_input(X.KeyRelease, stroke.code)
    x.x.sync()


def _rows(x: Connection) -> list[Sequence[int]]:
    """The symbols of each key: alone and with Shift in the first layout, the same in the second, then the others."""
    rows: list[Sequence[int]] = x.x.get_keyboard_mapping(KEYS.start, len(KEYS))
    return rows


def _levels(rows: list[Sequence[int]], group: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Columns of the layout in force, with what is held for them. Those of AltGr are certain only in a layout alone."""
    yield 2 * group, ()
    yield 2 * group + 1, (SHIFT,)
    if all(row[:2] == row[2:4] for row in rows):
        yield 4, (LEVEL3,)
        yield 5, (SHIFT, LEVEL3)


def _of_every_group(row: Sequence[int]) -> bool:
    """Whether a key means the same in all layouts: it has one symbol or a pair, over and over."""
    return all(symbol in {X.NoSymbol, row[at % 2] or row[0]} for at, symbol in enumerate(row))


def _at(row: Sequence[int], column: int) -> int:
    """A key that the layout in force does not have means what it does in the first."""
    start = column & ~1
    pair = row[start : start + 2]
    return pair[column - start] if len(pair) > 1 and any(pair) else row[column - start]


def _spare(rows: list[Sequence[int]]) -> list[int]:
    """Keys that mean nothing, then those nobody has a use for here."""
    codes = list(zip(KEYS, rows, strict=True))[1:]
    empty = [code for code, row in codes if not any(row)]
    odd = [code for code, row in codes if any(row) and all(not symbol or symbol in MULTIMEDIA for symbol in row)]
    return empty[::-1] + odd[::-1]


def _character(symbol: int) -> int:
    """The code point of the character that a symbol means; 0 where it means none, or is on the keypad."""
    return 0 if symbol in KEYPAD else int(_xkb().xkb_keysym_to_utf32(symbol))


@cache
def _xkb() -> ctypes.CDLL:
    """What the toolkits use to read keyboards."""
    return ctypes.CDLL("libxkbcommon.so.0")
