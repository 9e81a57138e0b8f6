"""Ways to wait, judged over recordings: when each would have ended its wait, and what its picture would have shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox_image.settle import LATE_S, Box, Settling, Sign
from sandbox_image.wire import Settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settling.timeline import Timeline

Policy = Callable[["Timeline"], float]
"""Milliseconds after the input at which it takes its picture."""


def fixed(milliseconds: float) -> Policy:
    """A pause, whatever happens."""
    return lambda _: milliseconds


def damage_alone(quiet: float, first: float, limit: float = 2000) -> Policy:
    """Until nothing was drawn for a while."""

    def ended(timeline: Timeline) -> float:
        end = first
        for at, *_ in timeline.damage:
            if at > end:
                break
            end = max(at, 0) + quiet
        return min(end, limit)

    return ended


def settled(settle: Settle, *, drop: str = "") -> Policy:
    """The guest's own way, over the recording; with some kind of sign left out."""

    def ended(timeline: Timeline) -> float:
        settling = Settling(settle, 0.0, timeline.usual)
        looked = 0.0
        for at, event in _events(timeline, drop):
            # Who got no processor up to now was not woken at its deadline either.
            stalled = isinstance(event, Sign) and at - looked > LATE_S
            if at > settling.deadline() and not stalled:
                break
            if isinstance(event, Sign):
                settling.on_sign(event)
                looked = at
            else:
                settling.on_damage(at, event)
        return max(settling.deadline(), looked) * 1000

    return ended


def _events(timeline: Timeline, drop: str) -> Iterator[tuple[float, Sign | Box]]:
    """What the guest would have seen, in order."""
    damage: list[tuple[float, Sign | Box]] = [(at / 1000, Box(*box)) for at, *box in timeline.damage]
    signs: list[tuple[float, Sign | Box]] = [
        (at / 1000, Sign(at / 1000, 0 if drop == "work" else work / 1000, job=job and drop != "jobs"))
        for at, work, job in timeline.signs
    ]
    return iter(sorted(damage + signs, key=lambda event: event[0]))


CHOSEN = "the default"
POLICIES: dict[str, Policy] = {
    "a fixed 2 s": fixed(2000),
    "a fixed 1 s": fixed(1000),
    "a fixed 0.5 s": fixed(500),
    "200 ms without damage": damage_alone(200, 250),
    "100 ms without damage": damage_alone(100, 250),
    CHOSEN: settled(Settle()),
    "the default, quiet 60 ms": settled(Settle(quiet_ms=60)),
    "the default, quiet 120 ms": settled(Settle(quiet_ms=120, first_ms=120)),
    "the default, no processor time": settled(Settle(), drop="work"),
    "the default, no jobs": settled(Settle(), drop="jobs"),
    "the default, no patience": settled(Settle(patience_ms=0)),
}
