"""When is the screen still, and whoever draws on it at rest? Decided over damage, signs of work and a clock; pure.

An answer is over when for `quiet_ms` nothing was drawn and nobody was at work. A pause may be as long as what came
before it, in bounds: what answers at once does so in one go, what has loaded for a while stops in between. Signs of
work alone, with nothing drawn, hold the wait up for `patience_ms`, and `limit_ms` ends it in any case.

A small spot that is drawn again is no news. Soon after the last time it is a busy mark, and a sign of work; later it
is a caret or a clock, and nothing. A mark that turned when the last wait was over tells nothing about this input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sandbox_image.wire import Settle

TICK_S = 0.01
"""Between two looks for signs of work."""
PAUSE_S, PAUSES = 0.2, 3
"""The longest pause in an answer, and how many quiet times it is at most: browsers lay out a page for up to 180 ms."""
BUSY = 0.25
"""Processors at work, beyond what is usual, that are a sign; a browser's small chores take less."""
STEADY, STRETCH = 0.05, 9
"""Where so many processors are usually at work, as for a film, that is by fits and starts: so many looks are one."""
LATE_S = 0.05
"""After the last look. Where the watcher gets no processor in time, others get none either, and rest tells nothing."""
SOON_S = 0.2
"""Busy marks turn faster than this. Carets, the fastest of what changes for ever, blink every 400 ms and slower."""
CARET_AREA = 600
"""Pixels. GTK's caret is 3x18, Chromium's 1x28, a clock's digits are little more; a word of text is."""
MARK_AREA = 10_000
"""Pixels. A tab's busy mark is 16x16, that in a page up to some 80x80."""
SAME = 1.25
"""A mark is drawn where it was: both boxes together have at most so many times the pixels of the larger one."""
KEPT_SPOTS = 16


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


class Sign(NamedTuple):
    """A look at the programs of the desktop."""

    at: float  # monotonic seconds
    work: float  # seconds of processor time they have used so far
    job: bool  # whether a terminal runs a command that came with the input


class _Spot(NamedTuple):
    box: Box
    at: float


class Spots:
    """Small boxes that were drawn, of `largest` pixels at most, so that one that is drawn again is known for it."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._spots: deque[_Spot] = deque(maxlen=KEPT_SPOTS)

    def last(self, box: Box, at: float) -> float | None:
        """When the spot was drawn before this time; None for what is news."""
        if box.area > self._largest:
            return None
        found = next((spot for spot in reversed(self._spots) if self._same(spot, box, at)), None)
        if found:
            self._spots.remove(found)
        self._spots.append(_Spot(box, at))
        return found and found.at

    def _same(self, spot: _Spot, box: Box, at: float) -> bool:
        turned = at - spot.at <= SOON_S and _in_place(spot.box, box, self._largest)
        return turned or spot.box.joined(box).area <= CARET_AREA


@dataclass(slots=True)
class Settling:
    """One wait. All times are seconds of one monotonic clock.

    `usual` is how many processors were at work before; None where that cannot be told: a pause may be long then.
    """

    policy: Settle
    start: float
    usual: float | None = 0.0
    drawn: float | None = None  # when damage that is news came last
    worked: float | None = None  # when there was a sign of work last
    turned: tuple[Box, ...] = ()  # marks that turned when the last wait was over
    _spots: Spots = field(default_factory=lambda: Spots(MARK_AREA))
    _turning: deque[_Spot] = field(default_factory=lambda: deque(maxlen=KEPT_SPOTS))
    _signs: deque[Sign] = field(init=False)

    def __post_init__(self) -> None:
        self._signs = deque(maxlen=2 if (self.usual or 0) < STEADY else STRETCH)

    def on_damage(self, at: float, box: Box) -> None:
        """Something was drawn. Damage from before the start counts as if it came at the start."""
        at = max(at, self.start)
        before = self._spots.last(box, at)
        known = any(_in_place(mark, box, MARK_AREA) for mark in self.turned)
        if known:
            self._turning.append(_Spot(box, at))
        elif before is None:
            self.drawn = at
        elif at - before <= SOON_S:
            self._turning.append(_Spot(box, at))
            self.worked = at

    def on_sign(self, sign: Sign) -> None:
        """Somebody looked at the programs."""
        last = self._signs[-1] if self._signs else sign
        self._signs.append(sign)
        if sign.job or sign.at - last.at > LATE_S or self._at_work(self._signs[0], sign):
            self.worked = sign.at

    def _at_work(self, before: Sign, now: Sign) -> bool:
        return now.work - before.work > ((self.usual or 0) + BUSY) * (now.at - before.at)

    def deadline(self) -> float:
        """When the wait is over unless something comes."""
        return min(max(self._quiet_at(), self._rest_at()), self._limit_at())

    @property
    def still(self) -> bool:
        """Whether the wait ends because the screen is quiet and not because of the limit."""
        return self._quiet_at() <= self._limit_at()

    @property
    def busy(self) -> bool:
        """Whether the wait ends while somebody is at work."""
        return self.worked is not None and self.worked + self._pause() > self.deadline()

    @property
    def marks(self) -> tuple[Box, ...]:
        """Those that turn when the wait is over, as far as it was long enough to tell."""
        end = self.deadline()
        seen = tuple(spot.box for spot in self._turning if spot.at > end - SOON_S)
        return seen if end - self.start >= SOON_S else seen + self.turned

    @property
    def next_input(self) -> float:
        """When programs may be expected to take the next input.

        A picture may come sooner: some programs do a last thing that cannot be seen. Return in GTK's file dialog is
        lost until a tenth of a second after a name was typed.
        """
        return self._last() + self._longest()

    def _last(self) -> float:
        """When there was something to see of programs."""
        return max(self.drawn or self.start, self.worked or self.start)

    def _quiet_at(self) -> float:
        if self.drawn is None:
            return self.start + self.policy.first_ms / 1000
        return self.drawn + self._pause()

    def _rest_at(self) -> float:
        """When nobody was at work for long enough, or patience is over."""
        if self.worked is None:
            return self.start
        patience = (self.drawn or self.start) + self.policy.patience_ms / 1000
        return min(self.worked + self._pause(), patience)

    def _limit_at(self) -> float:
        return self.start + self.policy.limit_ms / 1000

    def _pause(self) -> float:
        """How long it has to be quiet now."""
        took = self._last() - self.start
        return self._longest() if self.usual is None else min(self._longest(), max(took, self.policy.quiet_ms / 1000))

    def _longest(self) -> float:
        """How long a pause in an answer may be."""
        quiet = self.policy.quiet_ms / 1000
        return max(quiet, min(PAUSE_S, PAUSES * quiet))


def _in_place(mark: Box, box: Box, largest: int) -> bool:
    """Whether a mark was drawn where one was."""
    return mark.joined(box).area <= min(largest, SAME * max(mark.area, box.area))


def wait_until_still(
    settling: Settling,
    damage: Callable[[float], Iterable[tuple[float, Box]]],
    look: Callable[[], Sign],
    clock: Callable[[], float],
) -> None:
    """Feed what happens to the wait until it is over. `damage(until)` returns what came, at the latest at that time."""
    tick = settling.start
    while clock() < settling.deadline():
        for at, box in damage(min(tick, settling.deadline())):
            settling.on_damage(at, box)
        if clock() >= tick:
            settling.on_sign(look())
            tick = clock() + TICK_S
