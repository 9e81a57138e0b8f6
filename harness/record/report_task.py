"""What the report of a task shows: turn by turn what the model thought, said, did and saw, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.events import (
    Answered,
    Called,
    Event,
    FrameCaptured,
    Said,
    TaskFinished,
    TaskResumed,
    TaskStarted,
    TurnFinished,
    TurnStarted,
    Waited,
)
from harness.record.page import Page
from harness.record.summary import UNFINISHED, cost, tokens
from sandbox_image.wire import Region, ScreenPoint

TEMPLATE = "task.html.jinja"
_WORDS = {
    "finished": "Finished",
    "limit": "Limit reached",
    "refused": "Refused",
    "stuck": "Stuck",
    "stopped": "Stopped",
    "failed": "Failed",
    UNFINISHED: "Did not finish",
}
_LINES, _CHARACTERS = 8, 700
"""What is longer is folded."""


@dataclass
class CallRow:
    """Something the model called for, and what it was answered with; `number` counts the calls of its turn."""

    number: int
    call: Called
    end: Answered | None = None

    @property
    def status(self) -> str:
        """How it ended; a run that was cut off has a call that never did."""
        return ("failed" if self.end.failed else "passed") if self.end else "unfinished"

    @property
    def given(self) -> str:
        """What the words leave out of what it was given, such as the whole of a long command."""
        short = "…" in self.call.told
        texts = {name: _text(value) for name, value in self.call.input.items() if short or isinstance(value, str)}
        return "\n".join(text for text in texts.values() if text.replace("_", " ") not in self._told)

    @property
    def _told(self) -> str:
        return self.call.told.replace("_", " ")


@dataclass
class TurnRow:
    """One answer of the model, and what was done for it. `seen` is the screen as the model knew it."""

    number: int
    seen: str | None = None
    said: list[Said] = field(default_factory=list)
    waits: list[Waited] = field(default_factory=list)
    calls: dict[str, CallRow] = field(default_factory=dict)
    paid: TurnFinished | None = None
    resumed: bool = False

    @property
    def status(self) -> str:
        """Whether all went well in it."""
        calls = {row.status for row in self.calls.values()}
        return "unfinished" if not self.paid or "unfinished" in calls else "failed" if "failed" in calls else "passed"

    @property
    def thoughts(self) -> list[str]:
        """Summaries of what the model thought."""
        return [said.text for said in self.said if said.thinking]

    @property
    def texts(self) -> list[str]:
        """What it said."""
        return [said.text for said in self.said if not said.thinking]

    @property
    def places(self) -> list[tuple[int, tuple[ScreenPoint, ...]]]:
        """Where it pointed, by the numbers of calls."""
        return [(row.number, row.call.points) for row in self.calls.values() if row.call.points]

    @property
    def shots(self) -> list[tuple[int, str]]:
        """Pictures it got, by the numbers of calls."""
        return [(row.number, row.end.frame) for row in self.calls.values() if row.end and row.end.frame]

    @property
    def title(self) -> str:
        """All of it in a few words."""
        return ", ".join(row.call.told for row in self.calls.values()) or next(iter(self.texts), "")


@dataclass
class TaskPage(Page):
    """What the template shows."""

    task: TaskStarted
    turns: dict[int, TurnRow] = field(default_factory=dict)
    end: TaskFinished | None = None
    seen: str | None = None  # the whole screen, as it was shown last
    _resumed: bool = False

    @property
    def outcome(self) -> str:
        """How the task ended, as far as its folder tells."""
        return self.end.outcome if self.end else UNFINISHED

    @property
    def title(self) -> str:
        """The outcome in words."""
        return _WORDS[self.outcome]

    @property
    def paid(self) -> list[TurnFinished]:
        """What each answer cost."""
        return [turn.paid for turn in self.turns.values() if turn.paid]

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by kind."""
        return tokens(self.paid)

    @property
    def cost(self) -> float | None:
        """US dollars, where all prices are known."""
        return cost(self.paid)

    @property
    def thinking_seconds(self) -> float:
        """Time until the model had answered, of all turns."""
        return sum(paid.seconds for paid in self.paid)

    @property
    def dearest(self) -> float:
        """What the most expensive answer cost."""
        return max((paid.cost or 0.0 for paid in self.paid), default=0.0)

    @property
    def value(self) -> str:
        """The result in the form that was asked for."""
        return "" if self.end is None or self.end.value is None else _text(self.end.value)

    def shows_all(self, region: Region) -> bool:
        """Whether a picture of this region is one of the whole screen."""
        screen = self.task.screen
        return (region.width, region.height) == (screen.width, screen.height)

    def take(self, event: Event) -> None:
        """Show what an event tells."""
        super().take(event)
        match event:
            case TaskResumed():
                self.end, self._resumed = None, True
            case TaskFinished():
                self.end = event
            case FrameCaptured(region=region) if self.shows_all(region):
                self.seen = event.frame
            case TurnStarted(turn=turn):
                self.turns[turn] = TurnRow(turn, self.seen, resumed=self._resumed)
                self._resumed = False
            case Waited() if self.turns:
                next(reversed(self.turns.values())).waits.append(event)
            case Said(turn=turn) if turn in self.turns:
                self.turns[turn].said.append(event)
            case Called(turn=turn) if turn in self.turns:
                calls = self.turns[turn].calls
                calls[event.call] = CallRow(len(calls) + 1, event)
            case Answered(turn=turn, call=call) if turn in self.turns and call in self.turns[turn].calls:
                self.turns[turn].calls[call].end = event
            case TurnFinished(turn=turn) if turn in self.turns:
                self.turns[turn].paid = event
            case _:
                pass


def task_page(run: Path, started: TaskStarted, events: Iterable[Event]) -> TaskPage:
    """What is known of a run of a task."""
    page = TaskPage(started, run_folder=run)
    for event in events:
        page.take(event)
    return page


def is_long(text: str) -> bool:
    """Whether a text is better folded."""
    return text.count("\n") >= _LINES or len(text) > _CHARACTERS


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
