"""Asking other programs for what their selections hold, as the ICCCM has it: whole, or piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle

from Xlib import X, error
from Xlib.protocol import rq
from Xlib.xobject.drawable import Window

from sandbox_image.display import Connection
from sandbox_image.wire import MAX_CLIPBOARD_BYTES, ErrorCode, Refused

ANSWER_S = 2.0
"""How long the owner of a selection may be silent."""
PIECE = 1 << 16
"""Words fetched from a property at once."""
QUESTIONS = ("TARGETS", "TIMESTAMP", "MULTIPLE", "SAVE_TARGETS", "DELETE")
"""Targets that are no content."""
MAX_TARGETS = 100
"""Targets of an owner that are looked at; their number is the owner's choice."""


class Asker:
    """One question after another, each answered at a property of its own window.

    `until` waits for what an event brings: whether it came within so many seconds.
    """

    def __init__(self, x: Connection, window: Window, until: Callable[[Callable[[], bool], float], bool]) -> None:
        self._x = x
        self._window = window
        self._until = until
        self._places = cycle([x.atom(f"HARNESS_{number}") for number in range(8)])  # an answer may come too late
        self._place = self._target = X.NONE
        self._answered = False
        self._fresh = False

    def take(self, came: rq.Event) -> None:
        """Note an event where it is about the question under way."""
        if came.type == X.SelectionNotify and came.target == self._target:
            self._answered = True
        elif came.type == X.PropertyNotify and came.window == self._window and came.atom == self._place:
            self._fresh = self._fresh or came.state == X.PropertyNewValue

    def targets(self, selection: str, now: int) -> list[str]:
        """What the owner offers; nothing where it says nothing. Raises Refused: BLOCKED."""
        found = self.read(selection, "TARGETS", now) or b""
        numbers = memoryview(found[: len(found) // 4 * 4]).cast("I")[:MAX_TARGETS]
        return [name for number in numbers for name in self._names(number) if name not in QUESTIONS]

    def _names(self, atom: int) -> Iterator[str]:
        with suppress(error.XError):  # the number is the owner's word
            yield self._x.x.get_atom_name(atom)

    def read(self, selection: str, target: str, now: int) -> bytes | None:
        """One content; None where it is refused or nobody is there. Raises Refused: BLOCKED, OVERSIZED."""
        self._place, self._target, self._answered = next(self._places), self._x.atom(target), False
        self._window.delete_property(self._place)
        self._window.convert_selection(self._x.atom(selection), self._target, self._place, now)
        self._await(lambda: self._answered, selection)
        self._fresh = False
        kind, data = self._fetch(selection)
        if kind == X.NONE:
            return None
        return self._pieces(selection) if kind == self._x.atom("INCR") else data

    def _pieces(self, selection: str) -> bytes:
        found: list[bytes] = []
        while True:
            self._await(lambda: self._fresh, selection)
            self._fresh = False
            _, piece = self._fetch(selection)
            if not piece:
                return b"".join(found)
            found.append(piece)
            _check_size(sum(map(len, found)), selection)

    def _fetch(self, selection: str) -> tuple[int, bytes]:
        """The type and the bytes of the answer; its end takes it away, which asks for the next piece."""
        kind, data, more = X.NONE, b"", True
        while more:
            found = self._window.get_property(self._place, X.AnyPropertyType, len(data) // 4, PIECE, delete=True)
            if found is None:
                break
            kind, data, more = found.property_type, data + memoryview(found.value).tobytes(), bool(found.bytes_after)
            _check_size(len(data) + found.bytes_after, selection)
        return kind, data

    def _await(self, reached: Callable[[], bool], selection: str) -> None:
        if not self._until(reached, ANSWER_S):
            raise Refused(
                ErrorCode.BLOCKED,
                f"the program that owns {selection} did not give its content within {ANSWER_S:g} s; "
                f"end what that program is doing, or set other content",
            )


def _check_size(found: int, selection: str) -> None:
    if found > MAX_CLIPBOARD_BYTES:
        raise Refused(
            ErrorCode.OVERSIZED,
            f"{selection} holds {found} bytes or more, at most {MAX_CLIPBOARD_BYTES} are read; "
            f"save the content to a file and get that",
        )
