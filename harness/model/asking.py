"""How a model is asked: what stays the same in all requests of a conversation, so that it is cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from harness.geometry import PictureLimits, fit_model
from harness.model.catalog import BETAS, NEWEST, Effort, Entry, Provider
from harness.model.transcript import Transcript, Ttl, mark
from harness.model.turn import Request
from harness.tools.bash import NAME as BASH
from harness.tools.call import Json
from harness.tools.computer import TOOL
from harness.tools.editor import NAMES as EDITORS
from sandbox_image.wire import Size

ANSWER = 16_000
"""Tokens of one answer unless it turns out to need more."""
BUDGET = 4_000
"""Tokens of thinking, for models that are told how many."""
CLEARING = "context-management-2025-06-27"
"""Where the API takes old results out of a request."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A model, and all that is said to it besides the conversation."""

    model: str
    entry: Entry
    system: str
    screen: Size
    effort: Effort | None = None
    tools: Sequence[Json] = ()  # beside computer, shell and editor
    form: JsonValue = None  # the JSON schema that the last answer has to fit
    one_action: bool = False
    answer: int = ANSWER
    ttl: Ttl = "5m"  # how long caches are kept; `thrift.py` may keep them longer
    provider: Provider = "anthropic"
    edge: int | None = None  # pixels of a picture's longer side, where the API takes fewer than the catalog says
    shown: Size = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", fit_model(self.screen, self.limits))

    @property
    def limits(self) -> PictureLimits:
        """How large a picture may be."""
        told = self.entry.limits
        return told if self.edge is None else replace(told, edge=min(told.edge, self.edge))

    def request(self, transcript: Transcript) -> Request:
        """The next question."""
        body: Json = {
            "model": self.model,
            "max_tokens": min(self.answer, self.entry.output),
            "system": [{"type": "text", "text": self.system, "cache_control": mark(self.ttl)}],
            "tools": list[JsonValue]([*self._own_tools(), *self.tools]),
            "messages": list(transcript.marked(self.ttl)),
            "thinking": self._thinking(),
        }
        if output := self._output():
            body["output_config"] = output
        if self.one_action:
            body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
        betas = [BETAS[tool] for tool in self.entry.computer[:1] if tool in BETAS]
        if transcript.cleared:
            body["context_management"] = self._clearing(transcript)
            betas.append(CLEARING)
        return Request(body, tuple(betas))

    def longer(self) -> Asking | None:
        """The same, with more room for the answer; None where there is no more."""
        return replace(self, answer=self.answer * 2) if self.answer < self.entry.output else None

    def stepped_down(self) -> Asking | None:
        """The same, with the next older computer tool; None where there is none."""
        lower = self.entry.stepped_down(self.entry.computer[0])
        return replace(self, entry=lower) if lower else None

    def smaller(self, edge: int | None) -> Asking | None:
        """The same, with pictures of at most so many pixels a side; None where that would make them no smaller."""
        larger = edge is not None and max(self.shown.width, self.shown.height) > edge
        return replace(self, edge=edge) if larger else None

    def _own_tools(self) -> list[Json]:
        computer: Json = {"type": self.entry.computer[0]}
        if self.entry.computer[0] != NEWEST:
            computer |= {"name": TOOL, "display_width_px": self.shown.width, "display_height_px": self.shown.height}
        if self.entry.computer[0] == "computer_20251124":
            computer["enable_zoom"] = True
        editor: Json = {"type": self.entry.editor, "name": EDITORS[self.entry.editor]}
        return [computer, {"type": "bash_20250124", "name": BASH}, editor]

    def _thinking(self) -> Json:
        match self.entry.thinking[0]:
            case "enabled":
                return {"type": "enabled", "budget_tokens": BUDGET}
            case "adaptive":
                return {"type": "adaptive", "display": "summarized"}
            case form:
                return {"type": form}

    def _output(self) -> Json:
        told: Json = {"effort": self.effort or self.entry.effort} if self.entry.efforts else {}
        return told | ({"format": {"type": "json_schema", "schema": self.form}} if self.form is not None else {})

    def _clearing(self, transcript: Transcript) -> Json:
        """Have the API take out what the computer answered first, always as much until there is a reason for more.

        By its own rule it would keep the same number with every request, take out another one each time, and so write
        the cache anew with every request.
        """
        keep = transcript.actions - transcript.cleared
        return {
            "edits": [
                {
                    "type": "clear_tool_uses_20250919",
                    "trigger": {"type": "tool_uses", "value": keep},
                    "keep": {"type": "tool_uses", "value": keep},
                    "exclude_tools": [tool["name"] for tool in [*self._own_tools()[1:], *self.tools]],
                }
            ]
        }
