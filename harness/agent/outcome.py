"""The ways a run ends. Plain values: nothing of it is raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.errors import HarnessError

Limit: TypeAlias = Literal["steps", "tokens", "cost", "time", "window"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The model says that it is done: in words and, where a form was asked for, in that form."""

    text: str
    value: object = None  # JSON, or an instance of the type that was asked for


@dataclass(frozen=True, slots=True)
class LimitReached:
    """What was allowed is used up."""

    limit: Limit
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The model declines to go on."""

    category: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """The model does the same again and again, and nothing comes of it."""

    message: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A person ended it."""

    message: str = "stopped"


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not go on."""

    error: HarnessError


Outcome: TypeAlias = Finished | LimitReached | Refused | Stuck | Stopped | Failed
