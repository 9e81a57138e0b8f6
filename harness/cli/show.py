"""A run on a terminal: lines that stay, and below them what is at work. Elsewhere there are the lines alone."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from harness.events import Event

_PER_SECOND = 8


class Show(ABC):
    """Shows one run; call it with each event. Use it as a context manager: leaving it ends what is at work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._put_off: list[tuple[RenderableType, bool]] | None = None

    @abstractmethod
    def __call__(self, event: Event) -> None:
        """Show what there is to show of an event."""

    @abstractmethod
    def _now(self) -> RenderableType:
        """What is at work."""

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over()

    def say(self, told: str, style: str = "") -> None:
        """Something that is no event of the run."""
        self._print(Text(f"  {printable(told)}", style))

    def doing(self, told: str) -> None:
        """Show on a terminal that something is at work which is no event of the run."""
        self._over()
        if self._console.is_terminal:
            self._live = Live(Spinner("dots", Text(f" {printable(told)}")), console=self._console, transient=True)
            self._live.start(refresh=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the terminal to a person who is asked something; lines that come meanwhile follow after it."""
        if self._put_off is not None:  # somebody is asked already
            yield
            return
        at_work, self._put_off = self._live is not None, []
        self._over()
        try:
            yield
        finally:
            lines, self._put_off = self._put_off, None
            for what, wrapped in lines:
                self._print(what, wrapped=wrapped)
            if at_work:
                self._start()

    def report(self, path: Path) -> None:
        """Say where the report lies."""
        self._print(Text.assemble("  report ", (str(path), "cyan"), "\n"))

    def _start(self) -> None:
        """Show what is at work, where that can be."""
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._now, refresh_per_second=_PER_SECOND, transient=True
            )
            self._live.start(refresh=True)

    def _over(self) -> None:
        """Nothing is at work any more."""
        if self._live:
            self._live.stop()
            self._live = None

    def _print(self, what: RenderableType, *, wrapped: bool = False) -> None:
        """A line that stays; a long one is cut by the terminal itself, or wrapped within its margins."""
        if self._put_off is not None:
            self._put_off.append((what, wrapped))
        else:
            self._console.print(what, soft_wrap=not wrapped, highlight=False, markup=False)

    def _print_indented(self, text: str | Text, by: int, style: str = "") -> None:
        """A text that stays; on a terminal its lines are wrapped within their margin."""
        told = text if isinstance(text, Text) else Text(printable(text), style)
        if self._console.is_terminal:
            self._print(Padding(told, (0, 0, 0, by)), wrapped=True)
        else:
            self._print(Text("\n").join(Text.assemble(" " * by, one) for one in told.split("\n", allow_blank=True)))


def printable(text: str) -> str:
    """Text without anything that a terminal would obey: what came out of a sandbox or a model is untrusted."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def line(text: str) -> str:
    """The same in one line."""
    return " ".join(printable(text).split())


def indented(text: str, by: int) -> str:
    """Each line with so much space before it."""
    return "\n".join(f"{' ' * by}{one}" for one in text.split("\n"))
