"""A run as lines of a terminal: a line a step, the step at work with a spinner, a failure as a block.

Without a terminal the same lines come plain, one after the other.
"""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.events import Event, RunFinished, RunStarted, Status, StepFinished, StepInfo, StepStarted

_MARKS: dict[Status, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✕", "bold red"),
    "warning": ("!", "yellow"),
    "interrupted": ("…", "yellow"),
    "skipped": ("-", "dim"),
}
_OUTCOMES = {
    "passed": ("passed", "bold green"),
    "failed": ("failed", "bold red"),
    "error": ("cleanup failed", "bold red"),
    "infrastructure": ("sandbox problem", "bold red"),
    "interrupted": ("interrupted", "bold yellow"),
}
_PER_SECOND = 8
_WIDEST = 64


class Show:
    """Shows one run; call it with each event. Use it as a context manager: leaving it ends the spinner."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._run: RunStarted | None = None
        self._steps: dict[str, StepInfo] = {}
        self._skipped = 0
        self._failures: list[StepFinished] = []
        self._doing = "starting a sandbox"
        self._since = time.monotonic()
        self._live = Live(console=console, get_renderable=self._now, refresh_per_second=_PER_SECOND, transient=True)

    def __call__(self, event: Event) -> None:
        """Show what there is to show of an event."""
        match event:
            case RunStarted():
                self._run, self._steps = event, {step.id: step for step in event.steps}
                self._print(Text.assemble((printable(event.name), "bold"), (f"  {event.file}", "dim")))
                if self._console.is_terminal:
                    self._live.start()
            case StepStarted():
                self._doing, self._since = self._steps[event.step].title, time.monotonic()
            case StepFinished():
                self._step(event)
            case RunFinished():
                self._end(event)
            case _:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def report(self, path: Path) -> None:
        """Say where the report lies."""
        self._print(Text.assemble("  report ", (str(path), "cyan"), "\n"))

    def _step(self, event: StepFinished) -> None:
        if event.status == "skipped":
            self._skipped += 1
            return
        if event.failure:
            self._failures.append(event)
        info, (mark, style) = self._steps[event.step], _MARKS[event.status]
        title = Text(printable(info.title) if info.phase == "steps" else f"{info.phase}: {printable(info.title)}")
        title.truncate(min(_WIDEST, max(20, self._console.width - 14)), overflow="ellipsis", pad=True)
        self._print(Text.assemble("  ", (mark, style), " ", title, (f"{event.seconds:>7.1f} s", "dim")))
        if event.note:
            self._print(Text(_indented(printable(event.note), "    "), "dim"))

    def _end(self, event: RunFinished) -> None:
        self._live.stop()
        if self._skipped:
            self._print(Text(f"  - {self._skipped} {'step' if self._skipped == 1 else 'steps'} not run", "dim"))
        for failed in self._failures:
            self._print(self._block(failed))
        self._print(Text(""))
        word, style = _OUTCOMES[event.outcome]
        told = [("  ", ""), (word, style), (f" in {event.seconds:.1f} s", "")]
        if event.message and not any(event.step == failed.step for failed in self._failures):
            told.append((f": {printable(event.message)}", ""))
        self._print(Text.assemble(*told))

    def _block(self, event: StepFinished) -> RenderableType:
        """Step, file and line, what was expected, what there was instead."""
        info, failure = self._steps[event.step], event.failure
        assert self._run is not None  # noqa: S101 - a run starts before its steps
        assert failure is not None  # noqa: S101 - only failures come here
        style = "yellow" if event.status == "warning" else "red"
        parts = [
            Text(""),
            Text.assemble((f"  {self._run.file}:{info.line}", f"bold {style}"), f"  {printable(info.title)}"),
            Text(_indented(printable(failure.message), "    ")),
        ]
        for number, one in enumerate(failure.candidates, 1):
            parts.append(Text(f"      {number}. '{printable(one.text)}' at ({one.box.x}, {one.box.y})"))
        window = f"active window '{printable(failure.window)}', " if failure.window else ""
        parts.append(Text(f"    {window}waited {failure.waited:.1f} s", "dim"))
        return Group(*parts)

    def _now(self) -> RenderableType:
        line = Table.grid(padding=(0, 1))
        elapsed = time.monotonic() - self._since
        line.add_row(" ", Spinner("dots"), Text(printable(self._doing)), Text(f"{elapsed:.0f} s", "dim"))
        return line

    def _print(self, what: RenderableType) -> None:
        self._console.print(what, soft_wrap=True, highlight=False, markup=False)


def printable(text: str) -> str:
    """Text without anything that a terminal would obey: what came out of a sandbox is untrusted."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def _indented(text: str, by: str) -> str:
    return "\n".join(f"{by}{line}" for line in text.split("\n"))
