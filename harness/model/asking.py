"""How a model is asked: what stays the same in all requests of a conversation, so that it is cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from harness.geometry import fit_model
from harness.model.catalog import BETAS, NEWEST, Effort, Entry
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
CLEAR_AT = 0.6
"""The share of a model's window at which old results leave, where the API does that."""
KEPT = 5
"""Results that stay then."""


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
    ttl: Ttl = "5m"
    shown: Size = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", fit_model(self.screen, self.entry.limits))

    def request(self, transcript: Transcript) -> Request:
        """The next question."""
        body: Json = {
            "model": self.model,
            "max_tokens": min(self.answer, self.entry.output),
            "system": [{"type": "text", "text": self.system, "cache_control": mark(self.ttl)}],
            "tools": [*self._own_tools(), *self.tools],
            "messages": list(transcript.marked(self.ttl)),
            "thinking": self._thinking(),
        }
        if output := self._output():
            body["output_config"] = output
        if self.one_action:
            body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
        betas = [BETAS[tool] for tool in self.entry.computer[:1] if tool in BETAS]
        if self.entry.binds_thinking:
            body["context_management"] = self._clearing()
            betas.append(CLEARING)
        return Request(body, tuple(betas))

    def longer(self) -> Asking | None:
        """The same, with more room for the answer; None where there is no more."""
        return replace(self, answer=self.answer * 2) if self.answer < self.entry.output else None

    def stepped_down(self) -> Asking | None:
        """The same, with the next older computer tool; None where there is none."""
        lower = self.entry.stepped_down(self.entry.computer[0])
        return replace(self, entry=lower) if lower else None

    def _own_tools(self) -> list[JsonValue]:
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
            case "disabled":
                return {"type": "disabled"}
            case form:
                return {"type": form, "display": "summarized"}

    def _output(self) -> Json:
        told: Json = {"effort": self.effort or self.entry.effort} if self.entry.efforts else {}
        return told | ({"format": {"type": "json_schema", "schema": self.form}} if self.form is not None else {})

    def _clearing(self) -> Json:
        """Where thinking is bound to what came before, only the API may take old results out."""
        return {
            "edits": [
                {
                    "type": "clear_tool_uses_20250919",
                    "trigger": {"type": "input_tokens", "value": int(self.entry.window * CLEAR_AT)},
                    "keep": {"type": "tool_uses", "value": KEPT},
                }
            ]
        }
