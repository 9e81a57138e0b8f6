"""While the API is overloaded: after several refusals in a row nobody asks for a while, then one does for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ROW = 5
"""Overloads in a row, of all runs, after which nobody asks."""
PAUSE_S, LONGEST_PAUSE_S = 30.0, 120.0
"""How long: doubled each time that the one who asks for all is refused."""
POLL_S = 5.0
"""How long others wait while one asks."""


@dataclass(slots=True)
class Breaker:
    """Closed it lets all through, open nobody, half open one. Knows no locks: whoever shares it holds one."""

    clock: Callable[[], float]
    _row: int = 0
    _pause: float = PAUSE_S
    _opens: float | None = None  # when one may ask for all; None while it is closed
    _probing: bool = False

    @property
    def open(self) -> bool:
        """Whether the API is taken to be overloaded."""
        return self._opens is not None

    def wait(self) -> float:
        """Seconds until it is worth coming again; 0 for who may ask now."""
        if self._opens is None:
            return 0.0
        return POLL_S if self._probing else max(self._opens - self.clock(), 0.0)

    def enter(self) -> bool:
        """Somebody who may ask does so; whether for all. Who does must tell of one end or another."""
        self._probing = self.open
        return self._probing

    def answered(self) -> None:
        """The API takes requests: all may ask."""
        self._row, self._pause, self._opens, self._probing = 0, PAUSE_S, None, False

    def overloaded(self, after: float, *, probe: bool) -> None:
        """The API was overloaded, and may have said for how many seconds. While it is open, only who asks counts."""
        self._row += 1
        if probe:
            self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        if probe or (not self.open and self._row >= ROW):
            self._opens, self._probing = self.clock() + max(self._pause, after), False

    def left(self, *, probe: bool) -> None:
        """Nothing was learned of an overload: whoever comes next asks for all."""
        if probe:
            self._probing = False
