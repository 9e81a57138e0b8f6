"""What became of typed text, judged by what a program tells before and after."""

from __future__ import annotations

import pytest

from harness.sandbox.desktop.reading_back import ReadBack, in_field, in_terminal, without_caret
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Effect, Node, NodeState, NodeText, ReadFocus
from tests.support.desktops import SCREEN

NOTHING = Effect(changed=False, box=None, share=0, still=True, busy=False, waited_ms=0)


def field(*states: NodeState, role: str = "entry") -> Node:
    return Node(
        ref=":1.1/1", app="app", role=role, name="Field", description="", states=states, text=None, value=None,
        box=None, actions=(), omitted=0,
    )  # fmt: skip


def told(text: str, caret: int | None = None, selection: tuple[int, int] | None = None) -> NodeText:
    return NodeText(text=text, start=0, length=len(text), caret=caret, selection=selection)


ONE_LINE, LINES = field("single-line"), field("multi-line", role="text")


class Cutting(FakeWindow):
    """A field that takes five characters."""

    def typed(self, text: str) -> None:
        self.text = (self.text + text)[:5]


# --- on a desktop -------------------------------------------------------------------------------------------------


async def test_nothing_is_asked_of_programs_unless_it_is_wished() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(FakeWindow())
    await desktop.type("text")
    assert not [action for action in desktop.guest.done if isinstance(action, ReadFocus)]


async def test_another_text_is_told_and_raises_nothing() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(Cutting(text="abc"))
    back = await desktop.type("defgh", read_back=True)
    assert (back.verdict, back.exact, back.typed, back.found) == ("differs", False, "defgh", "de")
    assert str(back) == "typed was 'defgh', and what stands there is 'de'"
    assert back.effect.changed


async def test_where_no_program_tells_anything_that_is_said() -> None:
    back = await FakeDesktop(SCREEN).type("text", read_back=True)
    assert (back.verdict, back.found, back.node) == ("unknown", None, None)
    assert str(back).endswith("cannot be told: no program tells what has the keyboard focus")


async def test_what_took_the_text_may_be_gone_or_another_have_the_focus() -> None:
    class Sending(FakeWindow):
        def typed(self, text: str) -> None:
            self.closed = text.endswith("\n")
            self.text = ""

    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(FakeWindow(title="behind", window_class=("other", "Other")))
    desktop.guest.show(Sending())
    assert (await desktop.type("text\n", read_back=True)).reason == "text '' of fake is gone"


def test_a_long_text_is_shown_around_the_first_difference() -> None:
    typed = "a" * 50 + "b" + "c" * 50
    shown = str(ReadBack(NOTHING, typed, "differs", typed.replace("b", "d")))
    assert shown == (f"typed was …'{'a' * 20}b{'c' * 39}'…, and what stands there is …'{'a' * 20}d{'c' * 39}'…")


# --- in a field ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found", "node"),
    [
        ("text", "text", ONE_LINE),
        ("at the end ", "at the end\u00a0", LINES),
        ("sent\n", "sent", ONE_LINE),
        ("on\t", "on", ONE_LINE),
        ("line\n", "line\n", LINES),
    ],
)
def test_a_field_has_what_was_typed(typed: str, found: str, node: Node) -> None:
    assert in_field(typed, found, node, told(f"before {found}")) == ("exact", found, "")


@pytest.mark.parametrize(
    ("typed", "found"), [("line\n", "line"), ("teh", "the"), ("aa", "a"), ("aa", ""), ("a", "aa"), ("é", "e\u0301")]
)
def test_a_field_has_something_else(typed: str, found: str) -> None:
    assert in_field(typed, found, LINES, told(f"before {found}")) == ("differs", found, "")


def test_what_a_line_end_has_emptied_or_other_nodes_hold_cannot_be_told() -> None:
    assert in_field("sent\n", "", LINES, told("")).reason.startswith("text 'Field' of app is empty now")
    assert in_field("text", "", LINES, told("\ufffc\ufffc")).reason == "text 'Field' of app tells its text in pieces"


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (None, "text", "exact"),
        (told("", 0), "text", "exact"),
        (told("old", 3, (0, 3)), "text", "exact"),
        (told("a b", 2), "a textb", "exact"),
        (told("a b", 2), "a b", "unknown"),
        (None, "a text", "unknown"),
    ],
)
def test_where_the_caret_is_not_told_all_of_a_text_is_compared(before: NodeText | None, now: str, verdict: str) -> None:
    assert without_caret("text\t", before, ONE_LINE, told(now)).verdict == verdict


# --- in a terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "before", "now", "verdict"),
    [
        ("ls -l", "$ ", "$ ls -l", "exact"),
        ("ls\n", "$ ", "$ ls\nfile\n$ ", "exact"),
        ("漢字 漢", "$ ", "$ 漢 字 漢", "exact"),  # a wide character went to the next line
        ("a b", "$ ", "$ a  b", "differs"),
        ("echo a\necho b\n", "$ ", "$ echo a\na\n$ echo b\nb\n$ ", "exact"),
        ("ls\n", "first\n$ ", "$ ls\nfile\n$ ", "exact"),  # it has scrolled
        ("ls", "$ ", "$ sl", "differs"),
        ("secret", "Password: ", "Password: ", "unknown"),
        ("clear\n", "$ ", "$ ", "unknown"),
        ("ec\thi", "$ ", "$ echo hi", "exact"),
        ("seq 100\n", "$ ", "99\n100\n$ ", "unknown"),
    ],
)
def test_a_terminal_shows_what_was_typed_and_what_came_of_it(typed: str, before: str, now: str, verdict: str) -> None:
    found = now[len(before) :]
    assert in_terminal(typed, found, told(before, len(before)), told(now, len(now))).verdict == verdict
