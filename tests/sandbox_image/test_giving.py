from __future__ import annotations

import array

import pytest
from Xlib import X

from sandbox_image.offers import HTML, IMAGE, TEXT, Offer
from sandbox_image.selections import Selections
from tests.support.peers import Peer, idle, selections

pytestmark = pytest.mark.x11


def answer(peer: Peer, target: str, place: int = X.NONE) -> tuple[str, bytes] | None:
    """Ask GIVEN for a target: type and bytes of the answer."""
    peer.ask("GIVEN", target, place)
    told = peer.event(X.SelectionNotify)
    if not told.property:
        return None
    found = peer.window.get_full_property(told.property, X.AnyPropertyType)
    return peer.x.get_atom_name(found.property_type), memoryview(found.value).tobytes()


def give(owner: Selections, offer: Offer) -> None:
    with owner.held():
        owner.own({"GIVEN": offer})


def test_what_is_owned_is_given_by_its_thread_to_who_asks(display: str) -> None:
    peer = Peer(display, idle)
    with selections(display) as owner:
        give(owner, Offer({TEXT: b"text", HTML: b"<b>"}))
        assert answer(peer, TEXT) == (TEXT, b"text")
        assert answer(peer, HTML) == (HTML, b"<b>")
        assert answer(peer, IMAGE) is None
    peer.x.close()


def test_its_targets_and_since_when_it_is_owned_are_told(display: str) -> None:
    peer = Peer(display, idle)
    with selections(display) as owner:
        give(owner, Offer({HTML: b"<b>"}))
        kind, told = answer(peer, "TARGETS") or ("", b"")
        names = [peer.x.get_atom_name(number) for number in array.array("I", told)]
        assert (kind, names) == ("ATOM", ["TARGETS", "TIMESTAMP", "MULTIPLE", HTML])
        kind, since = answer(peer, "TIMESTAMP") or ("", b"")
        assert (kind, len(since), any(since)) == ("INTEGER", 4, True)
    peer.x.close()


def test_several_are_given_at_once_and_what_is_not_there_is_marked(display: str) -> None:
    peer = Peer(display, idle)
    pairs = [TEXT, "FIRST", IMAGE, "SECOND", "MULTIPLE", "THIRD"]
    with selections(display) as owner:
        give(owner, Offer({TEXT: b"text"}))
        peer.window.change_property(peer.atom("PLACE"), peer.atom("ATOM_PAIR"), 32, [peer.atom(one) for one in pairs])
        kind, told = answer(peer, "MULTIPLE") or ("", b"")
        given = [number and peer.x.get_atom_name(number) for number in array.array("I", told)]
        assert (kind, given) == ("ATOM_PAIR", [TEXT, "FIRST", IMAGE, 0, "MULTIPLE", 0])
        assert bytes(peer.window.get_full_property(peer.atom("FIRST"), X.AnyPropertyType).value) == b"text"
    peer.x.close()


def test_an_offer_to_one_program_is_given_to_no_other(display: str) -> None:
    peer, other = Peer(display, idle), Peer(display, idle)
    with selections(display) as owner:
        offer = Offer({TEXT: b"text"}, owner.x.client(peer.window))
        give(owner, offer)
        assert [answer(other, target) for target in ("TARGETS", TEXT, "MULTIPLE")] == [None] * 3
        with owner.held():
            assert not owner.until(lambda: offer.asked, 0)
        assert answer(peer, TEXT) == (TEXT, b"text")
    peer.x.close()
    other.x.close()


def test_a_text_is_taken_when_it_was_fetched_and_not_before(display: str) -> None:
    peer = Peer(display, idle)
    with selections(display) as owner:
        offer = Offer({TEXT: b"text"})
        give(owner, offer)
        answer(peer, TEXT)
        with owner.held():
            assert not owner.until(lambda: offer.taken, 0)
            peer.window.delete_property(peer.atom("PLACE"))
            peer.x.sync()
            assert owner.until(lambda: offer.taken, 5)
    peer.x.close()


def test_a_program_that_ends_before_it_fetched_all_breaks_the_offer_and_nothing_else(display: str) -> None:
    peer, other = Peer(display, idle), Peer(display, idle)
    with selections(display) as owner:
        offer = Offer({HTML: bytes(1 << 20), TEXT: b"text"})
        give(owner, offer)
        assert (answer(peer, HTML) or ("",))[0] == "INCR"
        peer.x.close()
        with owner.held():
            assert owner.until(lambda: offer.broken, 5)
        assert answer(other, TEXT) == (TEXT, b"text")
    other.x.close()
