from __future__ import annotations

from collections.abc import Iterator

import pytest
from Xlib import X
from Xlib.protocol import rq

from sandbox_image.lane import Desk
from sandbox_image.layout import read_layout
from sandbox_image.offers import TEXT, Offer
from sandbox_image.pasting import Unsure, pasting
from tests.support.peers import Editor, Peer, selections
from tests.support.xserver import Target

pytestmark = pytest.mark.x11
TEXT_TYPED = "漢字"


@pytest.fixture
def desk(display: str) -> Iterator[Desk]:
    opened = Desk(display)
    yield opened
    opened.close()


def paste(desk: Desk) -> bool:
    with pasting(desk) as paster:
        return paster.paste(TEXT_TYPED, read_layout(desk.x))


def nothing(editor: Editor) -> None:
    """What a program does that does not paste."""


def test_the_program_with_the_focus_gets_the_text(desk: Desk) -> None:
    editor = Editor(desk.display, pressed=Editor.paste, answered=Editor.take)
    with editor.run():
        assert paste(desk)
        assert editor.pasted == TEXT_TYPED


def test_a_program_that_does_not_ask_does_not_paste(desk: Desk) -> None:
    with Editor(desk.display, pressed=nothing, answered=nothing).run():
        assert not paste(desk)


def test_where_nothing_has_the_focus_nothing_is_pasted(desk: Desk) -> None:
    desk.x.x.set_input_focus(X.NONE, X.RevertToNone, X.CurrentTime)
    assert not paste(desk)


def test_what_others_ask_for_meanwhile_is_refused_and_acknowledges_nothing(desk: Desk) -> None:
    answers: list[bool] = []

    def note(_: Peer, came: rq.Event) -> None:
        if came.type == X.SelectionNotify:
            answers.append(came.property != X.NONE)

    manager = Peer(desk.display, note)
    asking = Editor(desk.display, pressed=lambda _: manager.ask("CLIPBOARD", TEXT), answered=nothing)
    with manager.run(), asking.run():
        assert not paste(desk)
    assert answers == [False]


def test_a_program_that_ends_before_it_fetched_the_text_is_told(desk: Desk) -> None:
    dying = Editor(desk.display, pressed=Editor.paste, answered=Editor.die)
    with dying.run(), pytest.raises(Unsure, match="did not fetch it"):
        paste(desk)


def test_another_program_that_takes_the_clipboard_meanwhile_is_told(desk: Desk) -> None:
    with selections(desk.display) as other:

        def take(_: Editor) -> None:
            with other.held():
                other.own({"CLIPBOARD": Offer({TEXT: b"theirs"})})

        with Editor(desk.display, pressed=take, answered=nothing).run(), pytest.raises(Unsure, match="took the clip"):
            paste(desk)
        with desk.selections.held():
            assert desk.selections.read("CLIPBOARD", TEXT) == b"theirs"


def test_a_program_that_loses_the_focus_meanwhile_is_told(desk: Desk) -> None:
    others: list[Target] = []

    def lose(_: Editor) -> None:
        others.append(Target(desk.display, title="other").show())

    with Editor(desk.display, pressed=lose, answered=nothing).run(), pytest.raises(Unsure, match="focus"):
        paste(desk)
    others[0].close()


def test_a_program_that_has_something_selected_keeps_its_selection(desk: Desk) -> None:
    editor = Editor(desk.display, pressed=Editor.paste, answered=Editor.take)
    with editor.own("PRIMARY").run():
        assert paste(desk)
        with desk.selections.held():
            owner = desk.selections.owner("PRIMARY")
            assert owner is not None
            assert owner.id == editor.window.id
    assert editor.pasted == TEXT_TYPED


def test_both_selections_are_as_before_afterwards(desk: Desk) -> None:
    with selections(desk.display) as other, Editor(desk.display, pressed=Editor.paste, answered=Editor.take).run():
        with other.held():
            other.own({"CLIPBOARD": Offer({TEXT: b"copied"}), "PRIMARY": Offer({TEXT: b"selected"})})
        assert paste(desk)
        with other.held():
            assert [other.read(name, TEXT) for name in ("CLIPBOARD", "PRIMARY")] == [b"copied", b"selected"]
