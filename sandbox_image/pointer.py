"""The mouse: through pyautogui, and XTEST for what it cannot do: wheel sideways, motion along a path, back, forward.

The pointer is moved first and asked for after: a program may confine or grab it, and a click that lands elsewhere is
worse than none. A click is what it is called: where a program would count it together with the one before, as the
second of a double click, it waits until that is over.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import assert_never

from Xlib import X

from sandbox_image.display import automation
from sandbox_image.keyboard import codes_of
from sandbox_image.keys import modifiers
from sandbox_image.lane import Desk
from sandbox_image.wire import (
    Button,
    ButtonDown,
    ButtonUp,
    Click,
    Done,
    Drag,
    ErrorCode,
    Modifiers,
    Move,
    PointerAction,
    PointerState,
    ReadPointer,
    Refused,
    ReleaseAll,
    ScreenPoint,
    Scroll,
)

BUTTONS: dict[int, Button] = {1: "left", 2: "middle", 3: "right", 8: "back", 9: "forward"}
NUMBERS = {name: number for number, name in BUTTONS.items()}
PLAIN = ("left", "middle", "right")
"""What pyautogui can press."""
UP, DOWN, LEFT, RIGHT = 4, 5, 6, 7
"""Turns of the wheel are buttons to X."""
STEP = 10
"""Pixels between two motions of a drag: more than a toolkit's threshold would be taken for a jump."""
PACE_S = 0.002
"""Between two motions of a drag: programs that follow it answer each of them."""
DWELL_S = 0.03
"""At each point of a drag's path: browsers tell a page one motion a frame, and would cut the corners off."""
APART_S = 0.002
"""Between two clicks of one double or triple click: browsers take presses of the same millisecond for one."""
HELD_S = 1.0
"""How long somebody may hold the pointer before it is an error."""
BATCH = 50
"""Turns of the wheel between two looks at whether the scroll was cancelled."""


def do(desk: Desk, action: PointerAction) -> Done | PointerState:  # noqa: PLR0911 - one for each action
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
        case ButtonDown():
            return button_down(desk, action)
        case ButtonUp():
            return button_up(desk, action)
        case ReleaseAll():
            return release_all(desk, action)
        case ReadPointer():
            return read_pointer(desk, action)
        case _:
            assert_never(action)


def move(desk: Desk, action: Move) -> Done:
    """Move the pointer. Raises Refused(OFF_SCREEN)."""
    _go(desk, action.to)
    return Done()


def click(desk: Desk, action: Click) -> Done:
    """Click where the pointer is or at a place.

    Raises Refused: OFF_SCREEN, UNKNOWN_KEY or HELD before anything is done, BLOCKED.
    """
    _refuse_held(desk, action.button)
    with _beside(desk, action.modifiers, action.at, action.button):
        for number in range(action.count):
            desk.rest(APART_S if number else 0)
            _press(desk, action.button)
            _release(desk, action.button)
            _thawed(desk, action.button)
    return Done()


def drag(desk: Desk, action: Drag) -> Done:
    """Press at the first point, move through the others, release at the last. Refused as a click is."""
    _refuse_held(desk, action.button)
    check(desk, action.path)
    with _beside(desk, action.modifiers, action.path[0], action.button):
        _press(desk, action.button)
        desk.rest(DWELL_S)
        _follow(desk, action.path)
        _release(desk, action.button)
        _thawed(desk, action.button)
    return Done()


def scroll(desk: Desk, action: Scroll) -> Done:
    """Turn the wheel where the pointer is or at a place. Raises Refused as a click does."""
    with _beside(desk, action.modifiers, action.at):
        _turn(desk, DOWN if action.dy > 0 else UP, abs(action.dy))
        _turn(desk, RIGHT if action.dx > 0 else LEFT, abs(action.dx))
    return Done()


def button_down(desk: Desk, action: ButtonDown) -> Done:
    """Press a button that stays down. Raises Refused: OFF_SCREEN or HELD before anything is done, BLOCKED."""
    _refuse_held(desk, action.button)
    _go(desk, action.at)
    _be_first(desk, action.button)
    _press(desk, action.button)
    number = NUMBERS[action.button]
    if not desk.comes_true(lambda: number in desk.x.buttons_down(), HELD_S):
        raise _frozen("press")
    desk.held.buttons[number] = action.button
    return Done()


def button_up(desk: Desk, action: ButtonUp) -> Done:
    """Release a button that is held, at a place or where it is. Refused as `button_down` is."""
    number = NUMBERS[action.button]
    desk.held.refuse_free({number: action.button}, desk.held.buttons)
    _go(desk, action.at)
    del desk.held.buttons[number]
    _release(desk, action.button)
    _thawed(desk, action.button)
    return Done()


def release_all(desk: Desk, action: ReleaseAll) -> Done:  # noqa: ARG001 - all actions have one form
    """Hold nothing any more."""
    desk.held.forget()
    desk.release()
    return Done()


def read_pointer(desk: Desk, action: ReadPointer) -> PointerState:  # noqa: ARG001 - all actions have one form
    """Where the pointer is and what is held."""
    x, y, _ = desk.x.pointer()
    held = desk.held
    return PointerState(
        at=ScreenPoint(x=x, y=y),
        buttons=tuple(BUTTONS[number] for number in held.buttons),
        keys=tuple(held.keys.values()),
    )


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


def _refuse_held(desk: Desk, button: Button) -> None:
    desk.held.refuse_held({NUMBERS[button]: button}, desk.held.buttons)


@contextmanager
def _beside(desk: Desk, names: Modifiers, at: ScreenPoint | None, button: Button | None = None) -> Iterator[None]:
    """Be ready to press at a place, modifiers down; where the block fails, the end of the request releases them."""
    chord = codes_of(desk, modifiers(names)) if names else {}
    codes = [code for code in chord if code not in desk.held.keys]
    _go(desk, at)
    if button:
        _be_first(desk, button)
    for code in codes:
        desk.x.x.xtest_fake_input(X.KeyPress, code)
    yield
    for code in reversed(codes):
        desk.x.x.xtest_fake_input(X.KeyRelease, code)
    desk.x.x.sync()


def _go(desk: Desk, point: ScreenPoint | None) -> None:
    """Move, smoothly while a button is held, and make sure that the pointer is there."""
    if point is None:
        return
    check(desk, (point,))
    if desk.held.buttons:
        x, y, _ = desk.x.pointer()
        _follow(desk, (ScreenPoint(x=x, y=y), point))
    else:
        automation(desk.x).moveTo(point.x, point.y)
    if not _arrives(desk, point.x, point.y):
        x, y, _ = desk.x.pointer()
        raise Refused(
            ErrorCode.BLOCKED,
            f"the pointer was sent to ({point.x}, {point.y}) and is at ({x}, {y}): a program holds it there; "
            f"nothing was pressed, end what that program is doing (Escape often does)",
        )


def _follow(desk: Desk, path: Sequence[ScreenPoint]) -> None:
    """Move along a path from its first point, where the pointer is, so that programs see it on the way."""
    follows = True
    for start, end in pairwise(path):
        for x, y in _steps(start, end):
            desk.x.x.xtest_fake_input(X.MotionNotify, x=x, y=y)
            follows = follows and _arrives(desk, x, y)
            desk.rest(PACE_S)
        desk.rest(DWELL_S)


def _be_first(desk: Desk, button: Button) -> None:
    """Wait until the next press of a button is no more counted together with the last one."""
    x, y, _ = desk.x.pointer()
    desk.rest(desk.clicks.rest(button, x, y, time.monotonic()))


def _press(desk: Desk, button: Button) -> None:
    x, y, _ = desk.x.pointer()
    desk.clicks.note(button, x, y, time.monotonic())
    if button in PLAIN:
        automation(desk.x).mouseDown(button=button)
    else:
        desk.x.x.xtest_fake_input(X.ButtonPress, NUMBERS[button])


def _release(desk: Desk, button: Button) -> None:
    if button in PLAIN:
        automation(desk.x).mouseUp(button=button)
    else:
        desk.x.x.xtest_fake_input(X.ButtonRelease, NUMBERS[button])


def _arrives(desk: Desk, x: int, y: int) -> bool:
    return desk.comes_true(lambda: desk.x.pointer()[:2] == (x, y), HELD_S)


def _thawed(desk: Desk, button: Button) -> None:
    """Wait until the server has taken in the last release.

    A window manager stops the pointer while it looks at a press. Sent without waiting, one triple click in fifty
    reaches the program as a single or double one, more on a busy machine.
    """
    number = NUMBERS[button]
    if not desk.comes_true(lambda: number not in desk.x.buttons_down(), HELD_S):
        raise _frozen("click")


def _frozen(what: str) -> Refused:
    return Refused(
        ErrorCode.BLOCKED,
        f"the {what} was sent, but a program or the window manager holds the mouse and does not let it through; "
        f"end what that program is doing (Escape often does) or end the program",
    )


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
