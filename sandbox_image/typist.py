"""Typing text: by keys what the layout has, the rest by pasting, or by keys that are given what is missing.

Pasting is acknowledged: the selections are borrowed, Shift+Insert is pressed, and the program with the focus, nobody
else, is given the text when it asks for it. Line ends and tabs go by keys, since they mean other things when pasted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from Xlib import X

from sandbox_image.display import Connection
from sandbox_image.keys import CAPS_LOCK, symbol_of
from sandbox_image.lane import Desk
from sandbox_image.layout import Layout, Stroke, bind, read_layout, send
from sandbox_image.pasting import Paster, Unsure, pasting
from sandbox_image.wire import ErrorCode, Refused, Typed, TypeText

BATCH = 100
"""Characters between two looks at whether typing was cancelled; a batch takes some 5 ms."""
PIECES = re.compile(r"\r\n|[\r\n\t]|[^\r\n\t]+")


def type_text(desk: Desk, action: TypeText) -> Typed:
    """Type text exactly.

    Raises Refused before anything is typed: UNTYPABLE for a control character and for a secret that there are not
    enough keys for; HELD where keys are held down. UNTYPABLE and BLOCKED later on say how much was typed.
    """
    desk.held.refuse_held(desk.held.keys, desk.held.keys)
    _refuse_controls(action.text)
    typing = Typing(desk, action.text)
    with _caps_lock_off(desk.x, typing.layout):
        typing.run(secret=action.secret)
    return typing.typed


class Typing:
    """One text on its way into the program with the focus, as far as it was typed."""

    def __init__(self, desk: Desk, text: str) -> None:
        self._desk = desk
        self._text = text
        self._before = self.layout = read_layout(desk.x)
        self._counts: Counter[str] = Counter()

    @property
    def typed(self) -> Typed:
        """How many characters were typed, and how."""
        return Typed(keys=self._counts["keys"], pasted=self._counts["pasted"], bound=self._counts["bound"])

    def run(self, *, secret: bool) -> None:
        """Type all of it."""
        if secret:
            self._bind("a secret does not go through the clipboard")
        if self._on_keys(self._text):
            self._press(self._text)
            return
        with pasting(self._desk) as paster:
            for piece in PIECES.findall(self._text):
                self._type(piece, paster)

    def _type(self, piece: str, paster: Paster) -> None:
        if not self._on_keys(piece):
            if self._paste(piece, paster):
                return
            self._bind("the program with the focus does not paste by Shift+Insert")
        self._press(piece)

    def _paste(self, piece: str, paster: Paster) -> bool:
        try:
            pasted = paster.paste(piece, self.layout)
        except Unsure as unsure:
            raise Refused(
                ErrorCode.BLOCKED,
                f"{unsure}; the first {self._counts.total()} of {len(self._text)} characters were typed, of the next "
                f"some may have been: look before you type them again",
            ) from None
        self._counts.update(pasted=len(piece) if pasted else 0)
        return pasted

    def _on_keys(self, text: str) -> bool:
        return all(symbol_of(character) in self.layout for character in text)

    def _press(self, text: str) -> None:
        strokes = iter(_strokes(text, self.layout))
        while batch := list(islice(strokes, BATCH)):
            self._desk.stop.check()
            send(self._desk.x, batch)
        bound = sum(symbol_of(character) not in self._before for character in text)
        self._counts.update(keys=len(text) - bound, bound=bound)

    def _bind(self, why: str) -> None:
        """Give what is missing of the rest to keys without a use, so that all of it goes by keys."""
        at = self._counts.total()
        layout = bind(self._desk, map(symbol_of, self._text[at:]))
        if layout is None:
            lacking = {one for one in self._text[at:] if symbol_of(one) not in self.layout}
            raise Refused(
                ErrorCode.UNTYPABLE,
                f"{why}, and there are not enough free keys for {len(lacking)} characters that the keyboard layout "
                f"lacks; {at} of {len(self._text)} characters were typed, the first that was not is number {at} "
                f"counted from 0. Put the text into a file",
            )
        self.layout = layout


def _refuse_controls(text: str) -> None:
    for offset, character in enumerate(text):
        if unicodedata.category(character) == "Cc" and character not in "\r\n\t":
            raise Refused(
                ErrorCode.UNTYPABLE,
                f"{character!r} (U+{ord(character):04X}), character {offset} of the text counted from 0, is a control "
                f"character; line ends and tabs can be typed, for others press their keys; nothing was typed",
            )


def _strokes(text: str, layout: Layout) -> Iterator[Stroke]:
    for offset, character in enumerate(text):
        if character != "\n" or text[offset - 1 : offset] != "\r":  # the Return was typed for the \r
            yield layout[symbol_of(character)]


@contextmanager
def _caps_lock_off(x: Connection, layout: Layout) -> Iterator[None]:
    """Caps Lock turns letters round: off for as long as typing takes, on again after it."""
    if not x.pointer()[2] & X.LockMask or CAPS_LOCK not in layout:
        yield
        return
    send(x, [layout[CAPS_LOCK]])
    try:
        yield
    finally:
        send(x, [layout[CAPS_LOCK]])
