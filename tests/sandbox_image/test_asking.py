from __future__ import annotations

import pytest
from Xlib import X, Xatom
from Xlib.protocol import event, rq

from sandbox_image.offers import HTML, TEXT, Offer
from sandbox_image.wire import MAX_CLIPBOARD_BYTES, ErrorCode, Refused
from tests.support.peers import Peer, idle, selections

pytestmark = pytest.mark.x11
LARGE = bytes(range(256)) * 12_000  # 3 MB, many times what one request holds


def nonsense(peer: Peer, came: rq.Event) -> None:
    """Answer every question with numbers of which only the first is an atom's."""
    if came.type == X.SelectionRequest:
        came.requestor.change_property(came.property, Xatom.ATOM, 32, [peer.atom(HTML), 0, 0x1FFF_FFFF])
        came.requestor.send_event(
            event.SelectionNotify(
                time=came.time,
                requestor=came.requestor,
                selection=came.selection,
                target=came.target,
                property=came.property,
            )
        )
        peer.x.flush()


def test_a_selection_that_nobody_owns_offers_nothing(display: str) -> None:
    with selections(display) as one, one.held():
        assert one.targets("NOBODYS") == []
        assert one.read("NOBODYS", TEXT) is None


def test_a_content_of_several_megabytes_arrives_whole(display: str) -> None:
    with selections(display) as one, selections(display) as other:
        with other.held():
            other.own({"LARGE": Offer({HTML: LARGE, TEXT: b""})})
        with one.held():
            assert HTML in one.targets("LARGE")
            assert one.read("LARGE", HTML) == LARGE
            assert one.read("LARGE", TEXT) == b""
            assert one.read("LARGE", "image/png") is None


def test_a_content_beyond_the_limit_is_refused(display: str) -> None:
    with selections(display) as one, selections(display) as other:
        with other.held():
            other.own({"HUGE": Offer({HTML: b"x" * (MAX_CLIPBOARD_BYTES + 1)})})
        with one.held():
            with pytest.raises(Refused, match="at most") as refused:
                one.read("HUGE", HTML)
            assert refused.value.failure.code is ErrorCode.OVERSIZED
            assert one.read("NOBODYS", HTML) is None


def test_an_owner_that_does_not_answer_is_an_error(display: str) -> None:
    with Peer(display, idle).own("SILENT").run(), selections(display) as one, one.held():
        with pytest.raises(Refused, match="did not give its content") as refused:
            one.read("SILENT", TEXT)
        assert refused.value.failure.code is ErrorCode.BLOCKED


def test_names_that_the_owner_made_up_are_left_out(display: str) -> None:
    with Peer(display, nonsense).own("NONSENSE").run(), selections(display) as one, one.held():
        assert one.targets("NONSENSE") == [HTML]
