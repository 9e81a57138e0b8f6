"""When is the screen still? Decided over reports of damage and a clock; pure.

Nothing by `first_ms` means that nothing will come; after damage, `quiet_ms` without any means that it is over;
`limit_ms` ends it in any case. A small box that is drawn again and again, a caret or a busy mark, counts once:
it would hold up the wait for ever and says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox_image.wire import Settle

CARET_AREA = 600
"""Pixels. GTK's caret is 3x18, Chromium's 1x28; a word of text is more."""
KEPT_SPOTS = 64


class Box(NamedTuple):
    """A rectangle: left and top inside it, right and bottom just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels in it."""
        return (self.right - self.left) * (self.bottom - self.top)

    def joined(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(slots=True)
class Settling:
    """One wait. All times are seconds of one monotonic clock."""

    policy: Settle
    start: float
    last: float | None = None  # when damage that counts came last
    _spots: list[Box] = field(default_factory=list)

    def on_damage(self, at: float, box: Box) -> None:
        """Something was drawn. Damage from before the start counts as if it came at the start."""
        if not self._repeats(box):
            self.last = max(at, self.start)

    def deadline(self) -> float:
        """When the wait is over unless more damage comes."""
        return min(self._quiet_at(), self._limit_at())

    @property
    def still(self) -> bool:
        """Whether the wait ends because the screen is quiet and not because of the limit."""
        return self._quiet_at() <= self._limit_at()

    def _quiet_at(self) -> float:
        if self.last is None:
            return self.start + self.policy.first_ms / 1000
        return self.last + self.policy.quiet_ms / 1000

    def _limit_at(self) -> float:
        return self.start + self.policy.limit_ms / 1000

    def _repeats(self, box: Box) -> bool:
        """Whether a spot of a caret's size, drawn before, was drawn again; a small box is remembered as one."""
        for index, spot in enumerate(self._spots):
            both = spot.joined(box)
            if both.area <= CARET_AREA:
                self._spots[index] = both
                return True
        if box.area <= CARET_AREA and len(self._spots) < KEPT_SPOTS:
            self._spots.append(box)
        return False


def wait_until_still(
    settling: Settling, damage: Callable[[float], Iterable[tuple[float, Box]]], clock: Callable[[], float]
) -> None:
    """Feed damage to the wait until it is over. `damage(until)` returns what came, at the latest at that time."""
    while True:
        for at, box in damage(settling.deadline()):
            settling.on_damage(at, box)
        if clock() >= settling.deadline():
            return
