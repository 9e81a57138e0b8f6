"""A run in one object: what `run.json` holds and `--json` prints."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.events import (
    Event,
    FileCollected,
    RunFinished,
    RunStarted,
    SandboxStarted,
    StepFinished,
    TaskFinished,
    TaskResumed,
    TaskStarted,
    TurnFinished,
)

UNFINISHED = "unfinished"
"""The outcome of a run that has not ended, or whose process went before it did."""
TOKENS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "thinking")
"""Kinds of tokens; those of thinking are among those of output."""


def summary(events: Iterable[Event]) -> dict[str, object]:
    """What is known of a run, whether it is at work, ended or was cut off."""
    told = _Told()
    for event in events:
        told.take(event)
    return {**told.facts, **told.counts()}


@dataclass(slots=True)
class _Told:
    """What events have told so far."""

    facts: dict[str, object] = field(
        default_factory=lambda: {"outcome": UNFINISHED, "python": platform.python_version()}
    )
    steps: Counter[str] = field(default_factory=Counter)
    turns: list[TurnFinished] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._begin(event, "flow", {"name", "file", "tags", "screen", "version"})
            case TaskStarted():
                self._begin(event, "task", {"model", "effort", "limits", "screen", "shown", "version"})
                self.facts["name"] = event.task
            case TaskResumed():
                self.facts |= {"outcome": UNFINISHED, "resumed": event.at.isoformat()}
            case SandboxStarted():
                self.facts |= event.model_dump(include={"image", "sandbox", "container"})
            case StepFinished():
                self.steps[event.status] += 1
            case TurnFinished():
                self.turns.append(event)
            case FileCollected():
                self.files.append(event.name)
            case RunFinished():
                self._end(event, {"outcome", "seconds", "message", "step"})
            case TaskFinished():
                self._end(event, {"outcome", "seconds", "message", "value"})
            case _:
                pass

    def _begin(self, event: RunStarted | TaskStarted, kind: str, fields: set[str]) -> None:
        self.facts |= {"kind": kind, **event.model_dump(mode="json", include=fields), "started": event.at.isoformat()}

    def _end(self, event: RunFinished | TaskFinished, fields: set[str]) -> None:
        self.facts |= {**event.model_dump(mode="json", include=fields), "finished": event.at.isoformat()}

    def counts(self) -> dict[str, object]:
        """Sums, as the kind of run has them."""
        if self.facts.get("kind") != "task":
            return {"steps": dict(self.steps), "files": self.files}
        return {"turns": len(self.turns), "tokens": tokens(self.turns), "cost": cost(self.turns), "files": self.files}


def tokens(turns: Iterable[TurnFinished]) -> dict[str, int]:
    """Tokens by kind."""
    turns = tuple(turns)
    return {kind: sum(getattr(turn, kind) for turn in turns) for kind in TOKENS}


def cost(turns: Iterable[TurnFinished]) -> float | None:
    """US dollars; None where the price of any turn is not known."""
    costs = [turn.cost for turn in turns]
    return None if None in costs else sum(cost for cost in costs if cost is not None)
