"""Giving what selections hold to the programs that ask, as the ICCCM has it: whole, or piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from Xlib import X, Xatom
from Xlib.protocol import event, rq
from Xlib.xobject.drawable import Window

from sandbox_image.display import Connection
from sandbox_image.offers import Offer

PIECE = 1 << 17
"""Bytes in one property; more goes piece by piece (`INCR`). A request to the X server has at most 256 KiB."""


class Owned(NamedTuple):
    """A selection that is owned, and since when by the X server's clock."""

    offer: Offer
    since: int


class Transfer(NamedTuple):
    """A content on its way to the window that asked for it, and the pieces that are still to be sent."""

    offer: Offer
    kind: int
    pieces: Iterator[bytes]


class Giver:
    """What is owned, by the selection's atom, and what is on its way, by the window and property it goes to."""

    def __init__(self, x: Connection) -> None:
        self.owned: dict[int, Owned] = {}
        self._x = x
        self._transfers: dict[tuple[int, int], Transfer] = {}
        self._arms: dict[int, Callable[[rq.Event], None]] = {
            X.SelectionRequest: self._asked,
            X.SelectionClear: self._cleared,
            X.PropertyNotify: self._changed,
            X.DestroyNotify: self._gone,
        }

    def take(self, came: rq.Event) -> None:
        """Act on an event where it concerns what is owned here."""
        if arm := self._arms.get(came.type):
            arm(came)

    def _asked(self, came: rq.Event) -> None:
        owned, window = self.owned.get(came.selection), came.requestor
        place = came.property or came.target  # programs from before the ICCCM name none
        if owned is None or owned.offer.client not in (None, self._x.client(window)):
            place = X.NONE
        elif came.target == self._x.atom("MULTIPLE"):
            self._give_many(owned, window, place)
        elif not self._give(owned, window, came.target, place):
            place = X.NONE
        answer = event.SelectionNotify(
            time=came.time, requestor=window, selection=came.selection, target=came.target, property=place
        )
        window.send_event(answer)

    def _give(self, owned: Owned, window: Window, target: int, place: int) -> bool:
        """Put what is asked for at the window's property; whether it is there to be given."""
        atom = self._x.atom
        forms = {atom(name): form for name, form in owned.offer.forms().items()}
        if target == atom("TARGETS"):
            also = [atom(name) for name in ("TARGETS", "TIMESTAMP", "MULTIPLE")]
            window.change_property(place, Xatom.ATOM, 32, [*also, *forms])
        elif target == atom("TIMESTAMP"):
            window.change_property(place, Xatom.INTEGER, 32, [owned.since])
        elif target in forms:
            kind, data = forms[target]
            self._send(owned.offer, window, place, atom(kind), data)
        else:
            return False
        return True

    def _give_many(self, owned: Owned, window: Window, place: int) -> None:
        """Pairs of target and property stand in the property; those that cannot be given lose their property."""
        asked = self._x.numbers(window, self._x.x.get_atom_name(place))
        told: list[int] = []
        for target, where in zip(asked[::2], asked[1::2], strict=False):
            told += target, where if self._give(owned, window, target, where) else X.NONE
        window.change_property(place, self._x.atom("ATOM_PAIR"), 32, told)

    def _send(self, offer: Offer, window: Window, place: int, kind: int, data: bytes) -> None:
        self._x.listen(window)  # for its property to be fetched, and for its end
        offer.asked = True
        if len(data) <= PIECE:
            window.change_property(place, kind, 8, data)
            pieces: Iterator[bytes] = iter(())
        else:
            window.change_property(place, self._x.atom("INCR"), 32, [len(data)])
            pieces = (data[start : start + PIECE] for start in range(0, len(data) + PIECE, PIECE))  # the last is empty
        self._transfers[window.id, place] = Transfer(offer, kind, pieces)

    def _changed(self, came: rq.Event) -> None:
        """What was put at a window's property was fetched: the next piece, or it has all of it."""
        transfer = self._transfers.get((came.window.id, came.atom))
        if transfer is None or came.state != X.PropertyDelete:
            return
        piece = next(transfer.pieces, None)
        if piece is not None:
            came.window.change_property(came.atom, transfer.kind, 8, piece)
            return
        del self._transfers[came.window.id, came.atom]
        transfer.offer.taken = True
        if not self._going_to(came.window):
            came.window.change_attributes(event_mask=X.NoEventMask)

    def _gone(self, came: rq.Event) -> None:
        for place in self._going_to(came.window):
            self._transfers.pop(place).offer.broken = True

    def _going_to(self, window: Window) -> list[tuple[int, int]]:
        return [place for place in self._transfers if place[0] == window.id]

    def _cleared(self, came: rq.Event) -> None:
        owned = self.owned.get(came.atom)
        if owned and came.time >= owned.since:  # what is older is about an earlier ownership
            del self.owned[came.atom]
