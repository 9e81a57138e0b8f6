from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.text import Text

from harness.cli.show import Show, indented, line, printable
from harness.events import Event, Output

HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"
"""What hides the cursor of a terminal, and shows it again: there is something at work, or not."""


class Plain(Show):
    """Shows outputs."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Output):
            self._print(Text(printable(event.text)))

    def _now(self) -> RenderableType:
        return Text("at work")


def on_terminal(*, terminal: bool = True) -> tuple[Plain, io.StringIO]:
    out = io.StringIO()
    return Plain(Console(file=out, force_terminal=terminal, width=100)), out


def said(text: str) -> Output:
    return Output(step="a", text=text, exit_code=0)


def test_on_a_terminal_what_is_at_work_is_shown_until_it_is_over() -> None:
    show, out = on_terminal()
    with show:
        show(said("a line"))
        assert out.getvalue().count(HIDDEN) == 1
        assert out.getvalue().count(SHOWN) == 0
    assert out.getvalue().count(SHOWN) == 1
    assert "at work" in out.getvalue()
    assert "a line\n" in out.getvalue()


def test_elsewhere_there_are_the_lines_alone() -> None:
    show, out = on_terminal(terminal=False)
    with show:
        show(said("a line"))
        with show.held():
            pass
    assert out.getvalue() == "a line\n"


def test_while_somebody_is_asked_nothing_else_is_written() -> None:
    show, out = on_terminal()
    with show:
        with show.held():
            before = out.getvalue()
            assert before.count(HIDDEN) == before.count(SHOWN) == 1
            show(said("meanwhile"))
            with show.held():  # a second question, while the first is open
                show(said("still"))
            assert out.getvalue() == before
        after = out.getvalue().removeprefix(before)
        assert after.index("meanwhile\n") < after.index("still\n") < after.index(HIDDEN)
    assert out.getvalue().count(HIDDEN) == out.getvalue().count(SHOWN) == 2


def test_what_was_not_at_work_is_not_after_a_question() -> None:
    show, out = on_terminal()
    with show.held():
        show(said("a line"))
    assert HIDDEN not in out.getvalue()
    assert "a line\n" in out.getvalue()


@given(st.text())
def test_nothing_that_is_shown_can_drive_the_terminal(text: str) -> None:
    shown_text = printable(text)
    assert len(shown_text) == len(text)
    assert all(character.isprintable() or character == "\n" or character.isspace() for character in shown_text)


def test_escapes_are_replaced() -> None:
    assert printable("a\x1b]0;b\x07\n") == "a\N{REPLACEMENT CHARACTER}]0;b\N{REPLACEMENT CHARACTER}\n"


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    assert "\n" not in line(text)


def test_every_line_is_indented() -> None:
    assert indented("a\n\nb", 2) == "  a\n  \n  b"
