"""Which presses programs take together, as a double or triple click. Pure: knows no mouse and no clock.

Programs count presses of one button at nearly one place in quick succession, and nothing but time ends the count.
"""

from __future__ import annotations

APART_S = 0.55
"""Longer than any toolkit lets pass between two presses of a double click: Chromium and Tk 500 ms, GTK and Qt 400."""
NEAR = 10
"""Pixels that two such presses may be apart each way, and more than any toolkit allows."""


class Clicks:
    """The last press of a button: which, where on the screen, and when in monotonic seconds."""

    def __init__(self) -> None:
        self._last: tuple[str, int, int, float] | None = None

    def note(self, button: str, x: int, y: int, now: float) -> None:
        """A button was pressed."""
        self._last = button, x, y, now

    def rest(self, button: str, x: int, y: int, now: float) -> float:
        """Seconds until a press would be counted as the first of its own."""
        if self._last is None:
            return 0
        last, at_x, at_y, when = self._last
        together = last == button and abs(x - at_x) <= NEAR and abs(y - at_y) <= NEAR
        return max(0.0, when + APART_S - now) if together else 0
