"""Noticing that a model turns in a circle: the same actions, and the screen does not change, or goes to and fro.

Waiting is no circle for a good while: a download changes nothing on the screen until it is there.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from harness.tools.bash import NAME as BASH
from harness.tools.call import Call
from harness.tools.computer import TOOL
from harness.tools.words import tool_and_action

SAME = 3
"""Turns in a row that do the same with no effect before anything is said."""
CIRCLES = 3
"""The same for two turns that take each other back."""
PATIENCE = 20
"""The same for turns that only wait."""
NUDGE = (
    "Your last actions were the same, and the screen shows what it showed before them. Doing them again will not help: "
    "look closely at the screen, say what keeps you from going on, and try another way, or say that it cannot be done."
)
_TIME = re.compile(r"\d+(?=\s?ms\b)")
"""How long something took, which is another time each time."""
_LOOKS = frozenset({"screenshot", "zoom", "cursor_position"})


class Advice(Enum):
    """What to do about it."""

    GO_ON = auto()
    NUDGE = auto()
    STOP = auto()


@dataclass(slots=True)
class Watch:
    """Looks at every turn: what was done, and what the screen showed after it."""

    _turns: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=2 * CIRCLES))
    _waited: int = 0  # turns in a row, at a screen that stayed
    _screen: str = ""
    _nudged: bool = False

    def note(self, done: str, screen: str, *, waiting: bool = False) -> Advice:
        """One more turn: what was done, and a name for what came of it, such as what the screen shows.

        There is one nudge, then it is over; what does well for a while after a nudge gets another.
        """
        if not self._circles(done, _TIME.sub("", screen), waiting=waiting):
            self._nudged = self._nudged and len(self._turns) < 2 * CIRCLES
            return Advice.GO_ON
        self._turns.clear()
        self._waited = 0
        if self._nudged:
            return Advice.STOP
        self._nudged = True
        return Advice.NUDGE

    def _circles(self, done: str, screen: str, *, waiting: bool) -> bool:
        if waiting:
            self._waited = self._waited + 1 if screen == self._screen else 1
            self._screen = screen
            return self._waited >= PATIENCE
        self._waited = 0
        self._turns.append((done, screen))
        turns = list(self._turns)
        same = len(turns) >= SAME and len(set(turns[-SAME:])) == 1
        to_and_fro = len(turns) == 2 * CIRCLES and len({*turns[::2]}) == 1 and len({*turns[1::2]}) == 1
        return same or to_and_fro


def waits(calls: Sequence[Call]) -> bool:
    """Whether calls do nothing but wait, and look what came of it."""
    return any(map(_pauses, calls)) and all(_pauses(call) or tool_and_action(call)[1] in _LOOKS for call in calls)


def _pauses(call: Call) -> bool:
    tool, action = tool_and_action(call)
    if tool == BASH:
        return "sleep" in str(call.input.get("command", ""))
    return tool == TOOL and action == "wait"
