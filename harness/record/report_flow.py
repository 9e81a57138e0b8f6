"""What the report of a flow shows: its steps, and the one that decided how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.events import (
    Event,
    FileCollected,
    Output,
    RunFinished,
    RunStarted,
    StepFinished,
    StepInfo,
    StepStarted,
)
from harness.record.page import Page
from harness.record.summary import UNFINISHED

TEMPLATE = "flow.html.jinja"
_PHASES = {"setup": "Setup", "steps": "Steps", "cleanup": "Cleanup"}
_WORDS = {
    "passed": "Passed",
    "failed": "Failed",
    "error": "Cleanup failed",
    "infrastructure": "Sandbox problem",
    "interrupted": "Interrupted",
    UNFINISHED: "Did not finish",
}


@dataclass
class Row:
    """A step and all that is known of it."""

    info: StepInfo
    end: StepFinished | None = None
    begun: bool = False
    outputs: list[Output] = field(default_factory=list)
    files: list[FileCollected] = field(default_factory=list)

    @property
    def status(self) -> str:
        """How it ended; a run that was cut off has a step that never did."""
        return self.end.status if self.end else "unfinished" if self.begun else "skipped"


@dataclass
class FlowPage(Page):
    """What the template shows."""

    run: RunStarted
    rows: dict[str, Row]
    end: RunFinished | None = None

    @property
    def outcome(self) -> str:
        """How the run ended, as far as its folder tells."""
        return self.end.outcome if self.end else UNFINISHED

    @property
    def title(self) -> str:
        """The outcome in words."""
        return _WORDS[self.outcome]

    @property
    def phases(self) -> list[tuple[str, list[Row]]]:
        """Steps by phase, phases without steps left out."""
        grouped = [(title, [r for r in self.rows.values() if r.info.phase == name]) for name, title in _PHASES.items()]
        return [(title, rows) for title, rows in grouped if rows]

    @property
    def culprit(self) -> Row | None:
        """The step that decided the outcome, else the first that failed."""
        decided = self.rows.get(self.end.step) if self.end and self.end.step else None
        return decided or next((row for row in self.rows.values() if row.end and row.end.failure), None)

    @property
    def longest(self) -> float:
        """Seconds of the slowest step."""
        return max((row.end.seconds for row in self.rows.values() if row.end), default=0.0) or 1.0

    @property
    def source(self) -> list[str]:
        """Lines of the flow file."""
        return self.run.source.splitlines()

    def take(self, event: Event) -> None:
        """Show what an event tells."""
        super().take(event)
        match event:
            case RunFinished():
                self.end = event
            case StepStarted(step=step) if step in self.rows:
                self.rows[step].begun = True
            case StepFinished(step=step) if step in self.rows:
                self.rows[step].end = event
            case Output(step=step) if step in self.rows:
                self.rows[step].outputs.append(event)
            case FileCollected(step=str(step)) if step in self.rows:
                self.rows[step].files.append(event)
            case _:
                pass


def flow_page(run: Path, started: RunStarted, events: Iterable[Event]) -> FlowPage:
    """What is known of a run of a flow."""
    page = FlowPage(started, {info.id: Row(info) for info in started.steps}, run_folder=run)
    for event in events:
        page.take(event)
    return page
