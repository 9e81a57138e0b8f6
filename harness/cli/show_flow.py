"""A flow as lines of a terminal: a line a step, the step at work with a spinner, a failure as a block."""

from __future__ import annotations

import time

from rich.console import Console, Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.cli.show import Show, indented, printable
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
_WIDEST = 64


class ShowFlow(Show):
    """Shows the run of one flow."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._run: RunStarted | None = None
        self._steps: dict[str, StepInfo] = {}
        self._skipped = 0
        self._failures: list[StepFinished] = []
        self._doing = "starting a sandbox"
        self._since = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Show what there is to show of an event."""
        match event:
            case RunStarted():
                self._run, self._steps = event, {step.id: step for step in event.steps}
                self._print(Text.assemble((printable(event.name), "bold"), (f"  {event.file}", "dim")))
            case StepStarted():
                self._doing, self._since = self._steps[event.step].title, time.monotonic()
            case StepFinished():
                self._step(event)
            case RunFinished():
                self._end(event)
            case _:
                pass

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
            self._print(Text(indented(printable(event.note), 4), "dim"))

    def _end(self, event: RunFinished) -> None:
        self._over()
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
            Text(indented(printable(failure.message), 4)),
        ]
        for number, one in enumerate(failure.candidates, 1):
            parts.append(Text(f"      {number}. '{printable(one.text)}' at ({one.box.x}, {one.box.y})"))
        window = f"active window '{printable(failure.window)}', " if failure.window else ""
        parts.append(Text(f"    {window}waited {failure.waited:.1f} s", "dim"))
        return Group(*parts)

    def _now(self) -> RenderableType:
        now = Table.grid(padding=(0, 1))
        elapsed = time.monotonic() - self._since
        now.add_row(" ", Spinner("dots"), Text(printable(self._doing)), Text(f"{elapsed:.0f} s", "dim"))
        return now
