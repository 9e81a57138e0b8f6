"""Other programs on the display that own selections and ask for them, some of them badly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from Xlib import X, error
from Xlib.display import Display
from Xlib.protocol import rq
from Xlib.xobject.drawable import Window

from sandbox_image.display import LOST
from sandbox_image.lane import Stop
from sandbox_image.selections import Selections
from tests.support.xserver import PATIENCE_S, Target

INSERT = 118
"""The code of that key on every layout."""


@contextmanager
def selections(display: str) -> Iterator[Selections]:
    """A program that minds its manners."""
    made = Selections(display, Stop().wait)
    yield made
    made.cut()


class Peer:
    """A program with a window that is never shown. What it does on its events it does in a thread of its own."""

    def __init__(self, display: str, act: Callable[[Peer, rq.Event], None]) -> None:
        self.x = Display(display)
        self.window: Window = self.x.screen().root.create_window(
            -1, -1, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )
        self._act = act

    def atom(self, name: str) -> int:
        number: int = self.x.get_atom(name)
        return number

    def own(self, name: str) -> Peer:
        self.window.set_selection_owner(self.atom(name), X.CurrentTime)
        self.x.sync()
        return self

    def ask(self, name: str, target: str, place: int = X.NONE) -> None:
        self.window.convert_selection(self.atom(name), self.atom(target), place or self.atom("PLACE"), X.CurrentTime)
        self.x.flush()

    def event(self, kind: int) -> rq.Event:
        """The next event of a kind; only where `run` is not."""
        while True:
            came = self.x.next_event()
            if came.type == kind:
                return came

    @contextmanager
    def run(self) -> Iterator[Peer]:
        """Act on events for as long as the block runs."""
        thread = threading.Thread(target=self._loop)
        thread.start()
        try:
            yield self
        finally:
            self.die()
            thread.join(PATIENCE_S)

    def _loop(self) -> None:
        with suppress(*LOST, error.ConnectionClosedError):
            while True:
                self._act(self, self.x.next_event())

    def die(self) -> None:
        """End as a program that is killed does; from any thread."""
        with suppress(OSError):
            self.x.display.socket.shutdown(socket.SHUT_RDWR)


def idle(peer: Peer, came: rq.Event) -> None:
    """Do nothing, as a program that hangs."""


class Editor(Peer):
    """A program with the focus that does something on Shift+Insert and when it was answered."""

    def __init__(self, display: str, *, pressed: Callable[[Editor], None], answered: Callable[[Editor], None]) -> None:
        target = Target(display, title="editor").show()
        self.x, self.window = target.x, target.window
        self.pasted = ""

        def act(_: Peer, came: rq.Event) -> None:
            if came.type == X.KeyPress and came.detail == INSERT:
                pressed(self)
            elif came.type == X.SelectionNotify and came.property:
                answered(self)

        self._act = act

    def paste(self) -> None:
        """Ask for the text, as an editor does."""
        self.ask("CLIPBOARD", "UTF8_STRING")

    def take(self) -> None:
        """Fetch the text that is there."""
        found = self.window.get_full_property(self.atom("PLACE"), X.AnyPropertyType)
        self.pasted += bytes(found.value).decode()
        self.window.delete_property(self.atom("PLACE"))
        self.x.flush()
