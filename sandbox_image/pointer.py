"""The mouse: through pyautogui, and XTEST for what it cannot do (the wheel sideways, motion along a path).

The pointer is moved first and asked for after: a program may confine or grab it, and a click that lands elsewhere is
worse than none. Two single clicks at one place within the toolkit's double-click time are a double click to the
program, whichever requests they came in, as they are for a person.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import assert_never

from Xlib import X

from sandbox_image.display import automation
from sandbox_image.lane import Desk
from sandbox_image.wire import Click, Done, Drag, ErrorCode, Move, PointerAction, Refused, ScreenPoint, Scroll

BUTTON_NUMBERS = {"left": 1, "middle": 2, "right": 3}
UP, DOWN, LEFT, RIGHT = 4, 5, 6, 7
"""Turns of the wheel are buttons to X."""
STEP = 10
"""Pixels between two motions of a drag: more than a toolkit's threshold would be taken for a jump."""
PACE_S = 0.002
"""Between two motions of a drag: programs that follow it answer each of them."""
DWELL_S = 0.03
"""At each point of a drag's path: browsers tell a page one motion a frame, and would cut the corners off."""
HELD_S = 1.0
"""How long somebody may hold the pointer before it is an error."""
ASK_S = 0.0005
"""Between two looks at whether the pointer is free again."""
BATCH = 50
"""Turns of the wheel between two looks at whether the scroll was cancelled."""


def do(desk: Desk, action: PointerAction) -> Done:
    """One action of this room."""
    match action:
        case Move():
            return move(desk, action)
        case Click():
            return click(desk, action)
        case Drag():
            return drag(desk, action)
        case Scroll():
            return scroll(desk, action)
        case _:
            assert_never(action)


def move(desk: Desk, action: Move) -> Done:
    """Move the pointer. Raises Refused(OFF_SCREEN)."""
    check(desk, (action.to,))
    _go(desk, action.to)
    return Done()


def click(desk: Desk, action: Click) -> Done:
    """Click where the pointer is or at a place. Raises Refused(OFF_SCREEN) before anything is pressed."""
    if action.at is not None:
        check(desk, (action.at,))
        _go(desk, action.at)
    mouse = automation(desk.x)
    for _ in range(action.count):
        mouse.mouseDown(button=action.button)
        mouse.mouseUp(button=action.button)
        _thawed(desk)
    return Done()


def drag(desk: Desk, action: Drag) -> Done:
    """Press at the first point, move through the others, release at the last."""
    check(desk, action.path)
    _go(desk, action.path[0])
    mouse = automation(desk.x)
    mouse.mouseDown(button=action.button)
    follows = True
    for start, end in pairwise(action.path):
        desk.rest(DWELL_S)
        for x, y in _steps(start, end):
            desk.x.x.xtest_fake_input(X.MotionNotify, x=x, y=y)
            follows = follows and _arrives(desk, x, y)
            desk.rest(PACE_S)
    desk.rest(DWELL_S)
    mouse.mouseUp(button=action.button)
    _thawed(desk)
    return Done()


def scroll(desk: Desk, action: Scroll) -> Done:
    """Turn the wheel where the pointer is or at a place."""
    if action.at is not None:
        check(desk, (action.at,))
        _go(desk, action.at)
    _turn(desk, DOWN if action.dy > 0 else UP, abs(action.dy))
    _turn(desk, RIGHT if action.dx > 0 else LEFT, abs(action.dx))
    return Done()


def check(desk: Desk, points: Sequence[ScreenPoint]) -> None:
    """Raise Refused(OFF_SCREEN) for the first point that is not on the screen."""
    size = desk.x.size()
    for point in points:
        if not (0 <= point.x < size.width and 0 <= point.y < size.height):
            raise Refused(
                ErrorCode.OFF_SCREEN,
                f"({point.x}, {point.y}) is off the screen: x goes from 0 to {size.width - 1}, "
                f"y from 0 to {size.height - 1}; nothing was moved or pressed, choose a point inside",
            )


def _go(desk: Desk, point: ScreenPoint) -> None:
    """Move, and make sure that the pointer is there."""
    automation(desk.x).moveTo(point.x, point.y)
    if not _arrives(desk, point.x, point.y):
        x, y, _ = desk.x.pointer()
        raise Refused(
            ErrorCode.BLOCKED,
            f"the pointer was sent to ({point.x}, {point.y}) and is at ({x}, {y}): a program holds it there; "
            f"nothing was pressed, end what that program is doing (Escape often does)",
        )


def _arrives(desk: Desk, x: int, y: int) -> bool:
    return _until(desk, lambda: desk.x.pointer()[:2] == (x, y))


def _thawed(desk: Desk) -> None:
    """Wait until the server has taken in the last release.

    A window manager stops the pointer while it looks at a press. Sent without waiting, one triple click in fifty
    reaches the program as a single or double one, more on a busy machine.
    """
    if not _until(desk, lambda: not desk.x.buttons_down()):
        raise Refused(
            ErrorCode.BLOCKED,
            "the click was sent, but a program or the window manager holds the mouse and does not let it through; "
            "end what that program is doing (Escape often does) or end the program",
        )


def _until(desk: Desk, reached: Callable[[], bool]) -> bool:
    """Ask the server until it is so, for a bounded time; whether it came to be."""
    until = time.monotonic() + HELD_S
    while not reached():
        if time.monotonic() > until:
            return False
        desk.pause(time.monotonic() + ASK_S)
    return True


def _turn(desk: Desk, button: int, times: int) -> None:
    for turned in range(1, times + 1):
        desk.x.x.xtest_fake_input(X.ButtonPress, button)
        desk.x.x.xtest_fake_input(X.ButtonRelease, button)
        if turned % BATCH == 0 or turned == times:
            desk.x.x.sync()
            desk.stop.check()


def _steps(start: ScreenPoint, end: ScreenPoint) -> Iterator[tuple[int, int]]:
    """Points on the way, `STEP` pixels apart at most, the end among them."""
    count = max(1, math.ceil(math.dist((start.x, start.y), (end.x, end.y)) / STEP))
    for step in range(1, count + 1):
        share = step / count
        yield round(start.x + (end.x - start.x) * share), round(start.y + (end.y - start.y) * share)
