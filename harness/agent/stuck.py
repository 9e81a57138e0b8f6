"""Noticing that a model turns in a circle: the same actions, and the screen does not change, or goes to and fro."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

SAME = 3
"""Turns in a row that do the same with no effect before anything is said."""
CIRCLES = 3
"""The same for two turns that take each other back."""
NUDGE = (
    "Your last actions were the same, and the screen shows what it showed before them. Doing them again will not help: "
    "look closely at the screen, say what keeps you from going on, and try another way, or say that it cannot be done."
)


class Advice(Enum):
    """What to do about it."""

    GO_ON = auto()
    NUDGE = auto()
    STOP = auto()


@dataclass(slots=True)
class Watch:
    """Looks at every turn: what was done, and what the screen showed after it."""

    _turns: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=2 * CIRCLES))
    _nudged: bool = False

    def note(self, done: str, screen: str) -> Advice:
        """One more turn: what was done, and a name for what the screen shows. There is one nudge, then it is over."""
        self._turns.append((done, screen))
        if not self._circles():
            return Advice.GO_ON
        self._turns.clear()
        if self._nudged:
            return Advice.STOP
        self._nudged = True
        return Advice.NUDGE

    def _circles(self) -> bool:
        turns = list(self._turns)
        same = len(turns) >= SAME and len(set(turns[-SAME:])) == 1
        to_and_fro = len(turns) == 2 * CIRCLES and len({*turns[::2]}) == 1 and len({*turns[1::2]}) == 1
        return same or to_and_fro
