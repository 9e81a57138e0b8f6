"""The mouse of the fake desktop."""

from __future__ import annotations

from typing import assert_never

from harness.testing.held import Held
from harness.testing.screen import FakeScreen
from harness.testing.windows import contains
from sandbox_image.wire import Click, Done, Drag, Move, PointerAction, ScreenPoint, Scroll


class FakePointer:
    """Where the pointer is, and what it does to windows."""

    def __init__(self, screen: FakeScreen, held: Held) -> None:
        self._screen = screen
        self._held = held
        self.at = screen.whole.center

    async def do(self, action: PointerAction) -> Done:
        """One action of this room; refused before anything moved."""
        for place in _places(action):
            self._screen.check(place)
        buttons = [action.button] if isinstance(action, Click | Drag) else []
        async with self._held.during(action, *buttons):
            self._act(action)
        return Done()

    def _act(self, action: PointerAction) -> None:
        match action:
            case Move():
                self.at = action.to
            case Click():
                self._click(action)
            case Drag():
                self._drag(action)
            case Scroll():
                self.at = action.at or self.at
                if under := self._screen.under(self.at):
                    under.window.scrolled(action.dx, action.dy)
            case _:
                assert_never(action)

    def _click(self, action: Click) -> None:
        self.at = action.at or self.at
        hit = self._screen.raise_at(self.at)
        if hit and contains(hit.window.region, self.at):
            hit.window.clicked(self.at, action.button, action.count)

    def _drag(self, action: Drag) -> None:
        """A drag that begins on a title bar moves the window."""
        start, self.at = action.path[0], action.path[-1]
        hit = self._screen.raise_at(start)
        if hit and not contains(hit.window.region, start):
            region, dx, dy = hit.window.region, self.at.x - start.x, self.at.y - start.y
            hit.window.region = region.model_copy(update={"x": region.x + dx, "y": region.y + dy})


def _places(action: PointerAction) -> tuple[ScreenPoint, ...]:
    match action:
        case Move():
            return (action.to,)
        case Click() | Scroll():
            return (action.at,) if action.at else ()
        case Drag():
            return action.path
        case _:
            assert_never(action)
