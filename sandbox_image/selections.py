"""X selections: what is owned here, what others own, and borrowing them for a while.

What is owned is given to who asks for it, also long after the request that put it there: by a thread that starts with
the first use. Whoever works with selections holds them meanwhile, and answers in that thread's place.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from Xlib import X
from Xlib.protocol import request
from Xlib.xobject.drawable import Window

from sandbox_image.asking import Asker
from sandbox_image.display import LOST, Connection
from sandbox_image.giving import Giver, Owned
from sandbox_image.offers import Content, Offer, canonical, wanted
from sandbox_image.wire import Refused


class Selections:
    """A connection that owns and reads selections. All but `cut` and `lost` only while it is held."""

    def __init__(self, display: str, wait: Callable[[float, int], bool]) -> None:
        self.x = Connection(display)
        self._wait = wait
        self._lock = threading.Lock()
        self._window: Window = self.x.probe()
        self._giver = Giver(self.x)
        self._asker = Asker(self.x, self._window, self.until)
        self._clock = 0
        threading.Thread(target=self._serve, name="selections", daemon=True).start()

    @property
    def lost(self) -> bool:
        """Whether the connection is known to be broken."""
        return self.x.lost

    def cut(self) -> None:
        """Break the connection, from any thread: its own thread ends, and what was owned is gone."""
        self.x.cut()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Work with selections; nobody else answers for them meanwhile."""
        with self._lock:
            try:
                yield
            finally:
                self._pump()

    def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Answer who asks, until it is so or the time is over; whether it came to be. Raises Stopped.

        It is looked at after each event and must not ask the X server: an event that comes with the answer would be
        waited for.
        """
        end = time.monotonic() + seconds
        self._pump()
        while not reached():
            if not self._wait(end, self.x.fileno()) and time.monotonic() >= end:
                return False
            self._pump()
        return True

    def serve(self, seconds: float) -> None:
        """Answer who asks for so long, and all who asked by then. Raises Stopped."""
        self.until(lambda: False, seconds)
        self.x.x.sync()
        self._pump()

    def own(self, offers: Mapping[str, Offer]) -> None:
        """Take these selections, whoever has them."""
        now = self._now()
        for name, offer in offers.items():
            self._window.set_selection_owner(self.x.atom(name), now)
            self._giver.owned[self.x.atom(name)] = Owned(offer, now)
        self.x.x.sync()

    def disown(self, name: str) -> None:
        """Leave a selection that is owned here without an owner."""
        self._giver.owned.pop(self.x.atom(name))
        request.SetSelectionOwner(
            display=self.x.x.display, window=X.NONE, selection=self.x.atom(name), time=self._now()
        )
        self.x.x.sync()

    def offered(self, name: str) -> Offer | None:
        """What is offered here under this name; None where somebody else owns the selection, or nobody."""
        self.x.x.sync()
        self._pump()
        owned = self._giver.owned.get(self.x.atom(name))
        return owned.offer if owned else None

    def owner(self, name: str) -> Window | None:
        """The window that owns a selection."""
        return self.x.x.get_selection_owner(self.x.atom(name)) or None

    def targets(self, name: str) -> list[str]:
        """What the owner of a selection offers. Raises Refused: BLOCKED."""
        offer = self.offered(name)
        return [*offer.forms()] if offer else self._asker.targets(name, self._now())

    def read(self, name: str, target: str) -> bytes | None:
        """One content of a selection, if there is such a one. Raises Refused: BLOCKED, OVERSIZED."""
        if offer := self.offered(name):
            return offer.forms().get(target, ("", None))[1]
        return self._asker.read(name, target, self._now())

    def content(self, name: str) -> Content:
        """All of a selection that can be kept; what its owner does not give is left out. Raises Stopped."""
        found: dict[str, bytes] = {}
        with suppress(Refused):
            for target in wanted(self.targets(name)):
                if data := self.read(name, target):
                    found |= [canonical(target, data)]
        return found

    @contextmanager
    def borrowing(self) -> Iterator[Callable[[Mapping[str, Offer]], None]]:
        """A way to own selections for a while: they are given back as they were, unless others have taken them."""
        before: dict[str, Offer] = {}

        def own(offers: Mapping[str, Offer]) -> None:
            for name in offers.keys() - before:
                before[name] = self.offered(name) or Offer(self.content(name))
            self.own(offers)

        try:
            yield own
        finally:
            for name, offer in before.items():
                self._give_back(name, offer)

    def _give_back(self, name: str, offer: Offer) -> None:
        if self.offered(name) is None:
            return
        if offer.content:
            self.own({name: offer})
        else:
            self.disown(name)

    def _now(self) -> int:
        """The X server's clock: it stands in the event that every change of a property gives."""
        self._window.change_property(self.x.atom("HARNESS_CLOCK"), self.x.atom("INTEGER"), 32, [])
        self.x.x.sync()
        self._pump()
        return self._clock

    def _pump(self) -> None:
        """Take in all that came. Sending takes events in as well, so it is over when they are looked for."""
        self.x.x.flush()
        while self.x.x.pending_events():
            came = self.x.x.next_event()
            if came.type == X.PropertyNotify and came.window == self._window:
                self._clock = came.time
            self._asker.take(came)
            self._giver.take(came)
            self.x.x.flush()

    def _serve(self) -> None:
        try:
            while not self.lost:
                select.select([self.x.fileno()], [], [])
                with self._lock:
                    self._pump()
        except (*LOST, ValueError):  # a connection that was closed has no descriptor
            pass
        finally:
            with self._lock:
                self.x.close()
