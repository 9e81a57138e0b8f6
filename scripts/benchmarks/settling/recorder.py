"""Runs inside a sandbox, as its server does: one input, then seconds of all that a policy could go by, and the truth.

The request comes as JSON in the first argument, the recording goes to the standard output. Times in the recording are
milliseconds since the input was done.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter

from sandbox_image import keyboard, pointer
from sandbox_image.display import automation
from sandbox_image.lane import Desk
from sandbox_image.screen import difference
from sandbox_image.settle import Box
from sandbox_image.wire import KeyboardAction, PointerAction, Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

ACTION: TypeAdapter[PointerAction | KeyboardAction] = TypeAdapter(PointerAction | KeyboardAction)
TICK_S = 0.010
GAP_S = 0.2
"""Rest before the input, which tells what is usual."""
LIVING_AREA = 4096
"""Pixels of a spot that may be alive for ever: a caret, a clock, a busy mark."""
LIVING_TIMES, LIVING_MS = 3, 1200
"""A spot that changed so often, and in the last so many milliseconds still, is alive."""


class Change(NamedTuple):
    """Pixels that differ from those before."""

    at: float  # milliseconds
    box: Box
    pixels: Image


class Recorder:
    """One recording."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.damage: list[tuple[float, ...]] = []
        self.signs: list[tuple[float, float, bool]] = []
        self.changes: list[Change] = []

    def run(self, action: PointerAction | KeyboardAction, seconds: float, aside: list[Box]) -> dict[str, object]:
        """Do it and watch for so long; what changes in the boxes aside does not make another frame."""
        desk = self.desk
        desk.release()
        for _ in range(3):  # what is usual is what was so in two gaps
            desk.rest(GAP_S)
            desk.signs.begin()
        desk.x.watch_damage()
        self.shown = (first := desk.grab().image).copy()
        desk.x.pump()
        desk.x.damaged.clear()
        if isinstance(action, PointerAction):
            pointer.do(desk, action)
        else:
            keyboard.do(desk, action)
        desk.release()
        self.since = time.monotonic()
        self._watch(self.since + seconds)
        return {
            "usual": desk.signs.usual,
            "signs": self.signs,
            "damage": self.damage,
            "frames": _frames(first, self.changes, [*aside, *_living(self.changes, seconds * 1000)]),
            "missed": difference(self.shown, desk.grab().image)[1] > 0,
        }

    def _watch(self, end: float) -> None:
        tick = self.since
        while time.monotonic() < end:
            self.desk.pause(min(tick, end))
            self._look()
            if time.monotonic() >= tick:
                tick = max(tick + TICK_S, time.monotonic())
                at, work, job = self.desk.signs.look()
                self.signs.append((self._ms(at), round(work * 1000, 2), job))

    def _ms(self, at: float) -> float:
        return round((at - self.since) * 1000, 1)

    def _look(self) -> None:
        """Note the damage that came, and what of the screen it changed."""
        damaged = list(self.desk.x.damaged)
        self.desk.x.damaged.clear()
        self.damage += [(self._ms(at), *box) for at, box in damaged]
        region = _around([box for _, box in damaged], self.shown.size)
        if region is None:
            return
        new = self.desk.grab(region).image
        old = self.shown.crop((region.x, region.y, region.x + region.width, region.y + region.height))
        if box := difference(old, new)[0]:
            where = Box(region.x + box.left, region.y + box.top, region.x + box.right, region.y + box.bottom)
            self.changes.append(Change(self._ms(damaged[-1].at), where, new.crop(box)))
            self.shown.paste(new, (region.x, region.y))


def _around(boxes: Sequence[Box], size: tuple[int, int]) -> Region | None:
    """What holds all boxes, cut at the screen's edges."""
    left, top = max(0, min((box.left for box in boxes), default=0)), max(0, min((box.top for box in boxes), default=0))
    right = min(size[0], max((box.right for box in boxes), default=0))
    bottom = min(size[1], max((box.bottom for box in boxes), default=0))
    return Region(x=left, y=top, width=right - left, height=bottom - top) if left < right and top < bottom else None


def _frames(first: Image, changes: Sequence[Change], aside: Sequence[Box]) -> list[tuple[float, int]]:
    """From when on the screen differed from its last state in how many pixels, these boxes left aside."""
    frame, last = first.copy(), first.copy()
    for change in changes:
        last.paste(change.pixels, change.box[:2])
    told = []
    for change in (Change(0.0, Box(0, 0, 1, 1), first.crop((0, 0, 1, 1))), *changes):
        frame.paste(change.pixels, change.box[:2])
        for spot in aside:
            frame.paste(last.crop(spot), spot[:2])
        told.append((change.at, round(difference(frame, last)[1] * last.width * last.height)))
    return told


def _living(changes: Sequence[Change], ended: float) -> list[Box]:
    """Small spots that change for ever."""
    spots: list[tuple[Box, int, float]] = []
    for at, box, _ in changes:
        if box.area > LIVING_AREA:
            continue
        for index, (spot, times, _) in enumerate(spots):
            if spot.joined(box).area <= LIVING_AREA:
                spots[index] = spot.joined(box), times + 1, at
                break
        else:
            spots.append((box, 1, at))
    return [spot for spot, times, at in spots if times >= LIVING_TIMES and at >= ended - LIVING_MS]


def main() -> None:
    """Record what the first argument asks for."""
    wish = json.loads(sys.argv[1])
    desk = Desk(":0")
    automation(desk.x)
    action = ACTION.validate_json(json.dumps(wish["action"]))
    aside = [Box(*box) for box in wish["aside"]]
    json.dump(Recorder(desk).run(action, wish["seconds"], aside), sys.stdout, separators=(",", ":"))


main()
