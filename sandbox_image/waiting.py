"""Waiting for the screen to change or to be still: damage wakes, frames are compared, nothing is polled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, assert_never

from sandbox_image.lane import Desk
from sandbox_image.screen import Frame, difference, effect, token
from sandbox_image.settle import CARET_AREA, Box, Spots
from sandbox_image.wire import Effect, ErrorCode, Refused, Region, WaitChange, Waited, WaitingAction, WaitStill

T = TypeVar("T")
PACE_S = 0.05
"""The least time from one comparison to the next: a program that draws all the time costs no more than that."""


def do(desk: Desk, action: WaitingAction) -> Waited:
    """One action of this room."""
    match action:
        case WaitChange():
            return wait_change(desk, action)
        case WaitStill():
            return wait_still(desk, action)
        case _:
            assert_never(action)


def wait_change(desk: Desk, action: WaitChange) -> Waited:
    """Wait for another pixel. Raises Refused: DEADLINE, OFF_SCREEN."""
    since = time.monotonic()
    before = desk.grab(action.region)
    if action.since and action.since != token(before):
        return Waited(effect=Effect(changed=True, box=before.region, share=1.0, still=False, waited_ms=0))
    after = changed(desk, before, since + action.timeout_ms / 1000)
    if after is None:
        raise _late(f"nothing changed in {_where(action.region)}", action.timeout_ms)
    return Waited(effect=effect(before, after, still=False, since=since))


def wait_still(desk: Desk, action: WaitStill) -> Waited:
    """Wait until nothing changes. Raises Refused: DEADLINE, OFF_SCREEN."""
    since = news = time.monotonic()
    end = since + action.timeout_ms / 1000
    first = last = desk.grab(action.region)
    carets = Spots(CARET_AREA)
    quiet = action.quiet_ms / 1000
    while news + quiet <= end:
        after = changed(desk, last, news + quiet)
        if after is not None:
            box, _ = difference(last.image, after.image)
            last = after
            if box and carets.last(box, time.monotonic()) is None:
                news = time.monotonic()
            desk.rest(PACE_S)
        if time.monotonic() >= news + quiet:  # also where a caret blinked up to now
            return Waited(effect=effect(first, last, still=True, since=since))
    raise _late(f"{_where(action.region)} was not still for {action.quiet_ms} ms", action.timeout_ms)


def changed(desk: Desk, before: Frame, until: float) -> Frame | None:
    """The first frame of the same region that differs; None where none does up to that monotonic time."""

    def look() -> Frame | None:
        after = desk.grab(before.region)
        return after if difference(before.image, after.image)[0] else None

    return seen(desk, before.region, until, look)


def seen(desk: Desk, region: Region, until: float, look: Callable[[], T | None], *, pointer: bool = False) -> T | None:
    """What a look gives: at once, or when something was drawn in the region, or the pointer moved, up to that time."""
    with desk.x.noting_damage(pointer=pointer):
        while True:
            looked = time.monotonic()
            found = look()
            if found is not None or not _drawn(desk, region, until):
                return found
            desk.rest(looked + PACE_S - time.monotonic())


def _drawn(desk: Desk, region: Region, until: float) -> bool:
    """Wait until something is drawn in the region; whether it was before that time."""
    while time.monotonic() < until:
        desk.pause(until)
        boxes = [drawn.box for drawn in desk.x.damaged]
        desk.x.damaged.clear()
        if any(_meets(box, region) for box in boxes):
            return True
    return False


def _meets(box: Box, region: Region) -> bool:
    across = box.left < region.x + region.width and region.x < box.right
    return across and box.top < region.y + region.height and region.y < box.bottom


def _late(what: str, timeout_ms: int) -> Refused:
    return Refused(ErrorCode.DEADLINE, f"{what} within {timeout_ms} ms; look at the screen, or wait longer")


def _where(region: Region | None) -> str:
    if region is None:
        return "the screen"
    return f"the region {region.width}x{region.height} at ({region.x}, {region.y})"
