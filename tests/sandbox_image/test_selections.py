from __future__ import annotations

import pytest

from sandbox_image.offers import HTML, IMAGE, TEXT, Content, Offer
from sandbox_image.selections import Selections
from tests.support.peers import Peer, idle, selections

pytestmark = pytest.mark.x11


def put(owner: Selections, name: str, content: Content) -> Offer:
    offer = Offer(content)
    with owner.held():
        owner.own({name: offer})
    return offer


def test_what_another_program_takes_is_offered_no_longer(display: str) -> None:
    with selections(display) as one, selections(display) as other:
        offer = put(one, "TAKEN", {TEXT: b"mine"})
        with one.held():
            assert one.offered("TAKEN") is offer
        put(other, "TAKEN", {TEXT: b"theirs"})
        with one.held():
            assert one.offered("TAKEN") is None
            assert one.read("TAKEN", TEXT) == b"theirs"


def test_what_is_disowned_has_no_owner(display: str) -> None:
    with selections(display) as one:
        put(one, "LEFT", {TEXT: b"mine"})
        with one.held():
            one.disown("LEFT")
            assert (one.offered("LEFT"), one.owner("LEFT")) == (None, None)


@pytest.mark.parametrize("content", [{TEXT: "é漢".encode(), HTML: b"<b>", IMAGE: bytes(1 << 19)}, {TEXT: b"a"}])
def test_a_borrowed_selection_is_given_back_with_all_it_held(display: str, content: Content) -> None:
    with selections(display) as one, selections(display) as other, selections(display) as third:
        put(other, "LENT", content)
        with one.held(), one.borrowing() as own:
            own({"LENT": Offer({TEXT: b"meanwhile"})})
        with third.held():
            assert third.content("LENT") == content
            assert third.owner("LENT") != other.owner("LENT")


def test_what_was_owned_here_before_it_was_borrowed_is_owned_here_again(display: str) -> None:
    with selections(display) as one:
        offer = put(one, "OWN", {TEXT: b"mine"})
        with one.held(), one.borrowing() as own:
            for text in (b"first", b"second"):
                own({"OWN": Offer({TEXT: text})})
        with one.held():
            assert one.offered("OWN") is offer


def test_a_borrowed_selection_that_nobody_owned_has_no_owner_again(display: str) -> None:
    with selections(display) as one:
        with one.held(), one.borrowing() as own:
            own({"NONE": Offer({TEXT: b"meanwhile"})})
            assert one.owner("NONE")
        with one.held():
            assert one.owner("NONE") is None


def test_a_borrowed_selection_that_another_program_took_is_left_to_it(display: str) -> None:
    with selections(display) as one, selections(display) as other:
        put(one, "LOST", {TEXT: b"mine"})
        with one.held(), one.borrowing() as own:
            own({"LOST": Offer({TEXT: b"meanwhile"})})
            put(other, "LOST", {TEXT: b"theirs"})
        with one.held():
            assert one.read("LOST", TEXT) == b"theirs"


def test_the_content_of_an_owner_that_does_not_answer_cannot_be_kept(display: str) -> None:
    with Peer(display, idle).own("HUNG").run(), selections(display) as one, one.held():
        with one.borrowing() as own:
            own({"HUNG": Offer({TEXT: b"meanwhile"})})
        assert one.owner("HUNG") is None


def test_what_is_cut_owns_nothing_and_says_so(display: str) -> None:
    with selections(display) as one, selections(display) as other:
        put(one, "CUT", {TEXT: b"mine"})
        one.cut()
        assert one.lost
        with other.held():
            other.until(lambda: other.owner("CUT") is None, 5)
            assert other.owner("CUT") is None
