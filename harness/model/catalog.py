"""What each model takes. The facts are data in `catalog.toml`; settings override them field by field.

A model that is not listed is taken for the newest kind, from the models endpoint where that tells more, and stepped
down when the API names a tool it does not take.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from harness.geometry import HIGH, STANDARD, PictureLimits

Provider: TypeAlias = Literal["anthropic", "aws", "bedrock", "vertex", "foundry"]
ComputerTool: TypeAlias = Literal["computer_20250124", "computer_20251124", "computer_toolset_20260801"]
EditorTool: TypeAlias = Literal["text_editor_20250124", "text_editor_20250429", "text_editor_20250728"]
Thinking: TypeAlias = Literal["adaptive", "between_tools", "enabled", "disabled"]
Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
NEWEST: ComputerTool = "computer_toolset_20260801"
BETAS: dict[ComputerTool, str] = {
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
}
"""The header that a computer tool needs; the newest needs none."""
MILLION = 1_000_000


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Above(_Data):
    """Prices of requests with more input tokens than so many."""

    tokens: int
    input: float
    output: float


class Price(_Data):
    """US dollars for a million tokens, and what the cache multiplies the price of input by."""

    input: float
    output: float
    cache_read: float = 0.1
    cache_write_5m: float = 1.25
    cache_write_1h: float = 2.0
    above: Above | None = None


class Override(_Data):
    """What differs at one provider."""

    computer: tuple[ComputerTool, ...] | None = None
    editor: EditorTool | None = None


class Entry(_Data):
    """One model. What is left out is what an unknown one is taken for."""

    computer: tuple[ComputerTool, ...] = (NEWEST, "computer_20251124", "computer_20250124")
    """Versions of the computer tool it takes, the one to use first, the others to step down to."""
    editor: EditorTool = "text_editor_20250728"
    pictures: Literal["high", "standard"] = "standard"
    """How large a picture may be before the API would resize it."""
    thinking: tuple[Thinking, ...] = ("adaptive",)
    """Forms of thinking it takes; the first is what is asked for."""
    efforts: tuple[Effort, ...] = EFFORTS
    """The efforts it takes; none where it has no such setting."""
    effort: Effort = "high"
    """What to ask for unless somebody says otherwise."""
    forced_tool: bool = False
    """Whether a tool can be forced on it."""
    binds_thinking: bool = False
    """Whether its thinking is bound to all that came before, so that earlier turns must stay as they are."""
    window: int = 200_000
    """Tokens of one request and its answer together."""
    output: int = 64_000
    """Tokens of one answer at most."""
    cache_minimum: int = 4096
    """Tokens of the shortest prefix that is cached."""
    price: Price | None = None
    retires: date | None = None
    """The day after which the API no longer serves it, where that is known."""
    on: dict[Provider, Override] = Field(default_factory=dict)

    @property
    def limits(self) -> PictureLimits:
        """How large a picture may be."""
        return HIGH if self.pictures == "high" else STANDARD

    def at(self, provider: Provider) -> Entry:
        """The same, as this provider serves it."""
        told = self.on.get(provider)
        return self.model_copy(update=told.model_dump(exclude_none=True)) if told else self

    def using(self, tool: ComputerTool) -> Entry:
        """The same, with this tool first and none that is newer."""
        return self.model_copy(update={"computer": self.computer[self.computer.index(tool) :]})

    def stepped_down(self, tool: ComputerTool) -> Entry | None:
        """The same with the next older computer tool; None where there is no older one."""
        older = self.computer[self.computer.index(tool) + 1 :] if tool in self.computer else ()
        return self.using(older[0]) if older else None


@cache
def listed() -> Mapping[str, Entry]:
    """Every model of the shipped catalog."""
    text = resources.files("harness.model").joinpath("catalog.toml").read_text("utf-8")
    return {name: Entry.model_validate(told) for name, told in tomllib.loads(text).items()}


def find(name: str, overrides: Mapping[str, Entry] | None = None) -> Entry | None:
    """What is known of a model; None where nothing is.

    Providers put their own words around a name (`us.anthropic.claude-opus-5-v1:0`), and dates behind it. Whatever else
    stands behind it makes it another model. An override is for the very name, or for the listed one that it stands for.
    """
    known = next((one for one in listed() if _stands_for(one, name)), "")
    entry, given = listed().get(known), overrides or {}
    told = given.get(name) or given.get(known)
    return changed(entry or Entry(), told) if told else entry


def _stands_for(known: str, name: str) -> bool:
    return re.search(rf"(^|[./]){re.escape(known)}(-latest|-\d{{8}})?($|[@:]|-v\d)", name) is not None


def retirement(name: str, entry: Entry, today: date) -> str | None:
    """What is to be said of a model that ends, in one line; None where no end is in sight."""
    if entry.retires is None:
        return None
    days = (entry.retires - today).days
    if days < 0:
        return f"{name} was to retire on {entry.retires}: the API may refuse it; `harness models` lists others"
    when = f"in {days} days" if days else "today"
    return f"{name} retires on {entry.retires}, {when}; `harness models` lists others"


def changed(entry: Entry, told: Entry) -> Entry:
    """The entry with those fields of another that were set in it."""
    return entry.model_copy(update={name: getattr(told, name) for name in told.model_fields_set})
