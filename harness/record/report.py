"""The report of a run: one static page beside its frames, made from the folder alone.

It opens from `file://` by double click: no fetch, no script files, pictures by relative path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.events import (
    Event,
    FileCollected,
    FrameCaptured,
    Output,
    RunFinished,
    RunStarted,
    SandboxStarted,
    StepFinished,
    StepInfo,
    StepStarted,
)
from harness.record.disk import frame_path, write_whole
from harness.record.folder import read_events

_PHASES = {"setup": "Setup", "steps": "Steps", "cleanup": "Cleanup"}
_WORDS = {
    "passed": "Passed",
    "failed": "Failed",
    "error": "Cleanup failed",
    "infrastructure": "Sandbox problem",
    "interrupted": "Interrupted",
    "unfinished": "Did not finish",
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
class Page:
    """What the template shows."""

    run: RunStarted
    rows: dict[str, Row]
    frames: dict[str, FrameCaptured] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)  # of frames that are there, relative
    sandbox: SandboxStarted | None = None
    end: RunFinished | None = None

    @property
    def outcome(self) -> str:
        """How the run ended, as far as its folder tells."""
        return self.end.outcome if self.end else "unfinished"

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
    def files(self) -> list[FileCollected]:
        """Everything that was collected."""
        return [file for row in self.rows.values() for file in row.files]

    @property
    def source(self) -> list[str]:
        """Lines of the flow file."""
        return self.run.source.splitlines()


def write_report(run: Path) -> Path:
    """Write `report.html` into a run's folder and return its path. Works on the folder of a run that crashed."""
    page = read_page(run)
    path = run / "report.html"
    write_whole(path, _template_environment().get_template("report.html.jinja").render(page=page).encode())
    return path


def read_page(run: Path) -> Page:
    """What is known of a run, from its folder. Raises ValueError where not even its beginning was written."""
    events = read_events(run)
    if not events or not isinstance(events[0], RunStarted):
        raise ValueError(f"{run} holds no run: its events.jsonl does not begin with the start of one")
    page = Page(events[0], {info.id: Row(info) for info in events[0].steps})
    for event in events:
        _take(page, event, run)
    return page


def _take(page: Page, event: Event, run: Path) -> None:
    match event:
        case SandboxStarted():
            page.sandbox = event
        case RunFinished():
            page.end = event
        case StepStarted(step=step) if step in page.rows:
            page.rows[step].begun = True
        case StepFinished(step=step) if step in page.rows:
            page.rows[step].end = event
        case Output(step=step) if step in page.rows:
            page.rows[step].outputs.append(event)
        case FileCollected(step=step) if step in page.rows:
            page.rows[step].files.append(event)
        case FrameCaptured():
            path = frame_path(run, event.frame, event.format)
            if path.exists():
                page.frames[event.frame] = event
                page.paths[event.frame] = path.relative_to(run).as_posix()
        case _:
            pass


def _template_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.record", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seconds"] = seconds
    return environment


def seconds(value: float) -> str:
    """A duration as people read it: `0.3 s`, `12 s`, `2 min 5 s`."""
    if value < 9.95:  # noqa: PLR2004 - below ten, a decimal tells something
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
