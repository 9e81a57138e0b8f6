"""The mouse of the fake desktop."""

from __future__ import annotations

from typing import assert_never

from harness.testing.held import Held
from harness.testing.keyboard import modifiers
from harness.testing.screen import FakeScreen
from harness.testing.windows import contains
from sandbox_image.wire import (
    Button,
    ButtonDown,
    ButtonUp,
    Click,
    Done,
    Drag,
    Move,
    PointerAction,
    PointerState,
    ReadPointer,
    ReleaseAll,
    ScreenPoint,
    Scroll,
)


class FakePointer:
    """Where the pointer is, and what it does to windows."""

    def __init__(self, screen: FakeScreen, held: Held) -> None:
        self._screen = screen
        self._held = held
        self._pressed: dict[Button, ScreenPoint] = {}
        self.at = screen.whole.center

    async def do(self, action: PointerAction) -> Done | PointerState:
        """One action of this room; refused before anything moved."""
        buttons, keys = self._check(action)
        async with self._held.during(action, buttons=buttons, keys=keys):
            return self._act(action)

    def _check(self, action: PointerAction) -> tuple[list[Button], tuple[str, ...]]:
        """Refuse what cannot be; the buttons and keys that are down meanwhile."""
        if isinstance(action, Click | Drag | ButtonDown):
            self._held.refuse_held(buttons=[action.button])
        if isinstance(action, ButtonUp):
            self._held.refuse_free(buttons=[action.button])
        for place in _places(action):
            self._screen.check(place)
        buttons = [action.button] if isinstance(action, Click | Drag) else []
        return buttons, modifiers(action.modifiers) if isinstance(action, Click | Drag | Scroll) else ()

    def _act(self, action: PointerAction) -> Done | PointerState:
        match action:
            case Move():
                self.at = action.to
            case Click():
                self._click(action.at or self.at, action.button, action.count)
            case Drag():
                self._drag(action.path[0], action.path[-1])
            case Scroll():
                self.at = action.at or self.at
                if under := self._screen.under(self.at):
                    under.window.scrolled(action.dx, action.dy)
            case ButtonDown():
                self.at = self._pressed[action.button] = action.at or self.at
                self._held.buttons.append(action.button)
            case ButtonUp():
                self._held.buttons.remove(action.button)
                self._let_go(action)
            case ReleaseAll():
                self._held.buttons.clear()
                self._held.keys.clear()
            case ReadPointer():
                return PointerState(at=self.at, buttons=(*self._held.buttons,), keys=(*self._held.keys,))
            case _:
                assert_never(action)
        return Done()

    def _let_go(self, action: ButtonUp) -> None:
        """Where it was pressed that is a click, elsewhere a drag."""
        start, end = self._pressed.pop(action.button), action.at or self.at
        if start == end:
            self._click(end, action.button, 1)
        else:
            self._drag(start, end)

    def _click(self, at: ScreenPoint, button: Button, count: int) -> None:
        self.at = at
        hit = self._screen.raise_at(at)
        if hit and contains(hit.window.region, at):
            hit.window.clicked(at, button, count)

    def _drag(self, start: ScreenPoint, end: ScreenPoint) -> None:
        """A drag that begins on a title bar moves the window."""
        self.at = end
        hit = self._screen.raise_at(start)
        if hit and not contains(hit.window.region, start):
            region, dx, dy = hit.window.region, end.x - start.x, end.y - start.y
            hit.window.region = region.model_copy(update={"x": region.x + dx, "y": region.y + dy})


def _places(action: PointerAction) -> tuple[ScreenPoint, ...]:
    match action:
        case Move():
            return (action.to,)
        case Click() | Scroll() | ButtonDown() | ButtonUp():
            return (action.at,) if action.at else ()
        case Drag():
            return action.path
        case ReleaseAll() | ReadPointer():
            return ()
        case _:
            assert_never(action)
