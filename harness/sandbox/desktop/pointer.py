"""The mouse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from harness.sandbox.desktop.requests import SETTLE, Place, Requests, point, sendable
from sandbox_image.wire import (
    Button,
    ButtonDown,
    ButtonUp,
    Click,
    Drag,
    Effect,
    Move,
    PointerState,
    ReadPointer,
    ReleaseAll,
    ScreenPoint,
    Scroll,
    Settle,
)


class Pointer(Requests):
    """What a hand does with the mouse.

    Places are screen pixels. Buttons are `left`, `middle`, `right`, `back` and `forward`. `modifiers` are keys that are
    down meanwhile, such as `("ctrl", "shift")`, by any name they have as keys: shift, ctrl, alt, altgr, super. With
    super the window manager takes most clicks for itself: a drag moves the window, with the right button it resizes it.
    """

    async def move(self, to: Place, *, settle: Settle = SETTLE) -> Effect:
        """Move the pointer to a screen pixel; while a button is held it moves smoothly, which drags.

        Raises NotOnScreen, and then it was not moved.
        """
        with sendable():
            action = Move(to=point(to))
        return await self._act(action, settle)

    async def click(
        self,
        at: Place | None = None,
        *,
        button: Button = "left",
        count: int = 1,
        modifiers: tuple[str, ...] = (),
        settle: Settle = SETTLE,
    ) -> Effect:
        """Click one to three times at a screen pixel; at the pointer where no place is given.

        Two calls are never one double click to a program: at one place the second waits half a second.

        Raises, before anything is done: NotOnScreen, UnknownKey for a modifier, WrongHold for a button that is held.
        """
        with sendable():
            action = Click(at=_maybe(at), button=button, count=count, modifiers=modifiers)
        return await self._act(action, settle)

    async def drag(
        self, *path: Place, button: Button = "left", modifiers: tuple[str, ...] = (), settle: Settle = SETTLE
    ) -> Effect:
        """Press at the first place, move through the others, release at the last; 2 to 1000 screen pixels.

        Raises as `click` does.
        """
        with sendable():
            action = Drag(path=tuple(point(place) for place in path), button=button, modifiers=modifiers)
        return await self._act(action, settle, _taking(action.path))

    async def scroll(
        self,
        at: Place | None = None,
        *,
        dx: int = 0,
        dy: int = 0,
        modifiers: tuple[str, ...] = (),
        settle: Settle = SETTLE,
    ) -> Effect:
        """Turn the wheel by clicks: `dx` to the right, `dy` down, negative for left and up, 1000 at most.

        At a screen pixel, or the pointer where no place is given. Raises, before anything is done: NotOnScreen,
        UnknownKey for a modifier; UsageError where both are 0.
        """
        with sendable():
            action = Scroll(at=_maybe(at), dx=dx, dy=dy, modifiers=modifiers)
        return await self._act(action, settle)

    async def button_down(self, at: Place | None = None, *, button: Button = "left", settle: Settle = SETTLE) -> Effect:
        """Press a button, at the pointer where no place is given, and keep it down.

        It is down until `button_up` or `release_all`, whatever happens to other requests, and is let go where the
        sandbox's action server or X server has to be started again. Raises NotOnScreen; WrongHold where it is down.
        """
        with sendable():
            action = ButtonDown(at=_maybe(at), button=button)
        return await self._act(action, settle)

    async def button_up(self, at: Place | None = None, *, button: Button = "left", settle: Settle = SETTLE) -> Effect:
        """Release a button that `button_down` holds, after dragging it to a place where one is given.

        Raises NotOnScreen; WrongHold, saying what is down, where it is not held.
        """
        with sendable():
            action = ButtonUp(at=_maybe(at), button=button)
        return await self._act(action, settle)

    async def release_all(self, *, settle: Settle = SETTLE) -> Effect:
        """Release every button and key that is down."""
        return await self._act(ReleaseAll(), settle)

    async def pointer(self) -> PointerState:
        """Where the pointer is, in screen pixels, and the buttons and keys that are held."""
        return await self._one(ReadPointer(), PointerState)


def _taking(path: Sequence[ScreenPoint]) -> float:
    """Seconds that a drag takes on a busy machine: a third of that is what it takes for certain."""
    way = sum(math.dist((start.x, start.y), (end.x, end.y)) for start, end in pairwise(path))
    return 0.1 * len(path) + way / 1000


def _maybe(place: Place | None) -> ScreenPoint | None:
    return None if place is None else point(place)
