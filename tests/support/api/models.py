"""What each model takes, as data. A test changes a line with `dataclasses.replace`, or brings a model of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.support.api.problems import Json

ThinkingForm = Literal["adaptive", "between_tools", "disabled", "enabled"]
Forced = Literal["allowed", "refused", "unless_thinking"]

TOOLSET = "computer_toolset_20260801"
NEWER = "computer_20251124"
OLDER = "computer_20250124"
EFFORTS = ("low", "medium", "high", "xhigh", "max")
PIXELS_PER_PATCH = 28


@dataclass(frozen=True)
class Tier:
    """How large a picture the model sees: the longest edge in pixels, and how many patches."""

    edge: int
    patches: int


HIGH = Tier(2576, 4784)
STANDARD = Tier(1568, 1568)


@dataclass(frozen=True)
class Model:
    """One model. Limits are in tokens; `efforts` is empty where the model has no such setting.

    `limits_effort_when_off` says that effort goes up to high at most where the model is not to think.
    """

    id: str
    computers: frozenset[str]
    thinking: frozenset[ThinkingForm]
    thinks_by_itself: bool = True
    efforts: tuple[str, ...] = EFFORTS
    limits_effort_when_off: bool = False
    forced_choice: Forced = "allowed"
    tier: Tier = HIGH
    window: int = 1_000_000
    max_output: int = 128_000
    cache_minimum: int = 1024
    binds_thinking: bool = False
    shows_thinking: bool = False
    tokens_per_byte: float = 0.325
    editors: frozenset[str] = field(default=frozenset({"text_editor_20250728", "text_editor_20250429"}))

    @property
    def most_pictures(self) -> int:
        """How many pictures fit in one request."""
        return 100 if self.window <= 200_000 else 600

    @property
    def info(self) -> Json:
        """What the models endpoint tells; computer tools and picture tiers are not part of it."""
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.id.replace("-", " ").title(),
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active",
            "deprecated_at": None,
            "retires_at": None,
            "line": next((line for line in ("haiku", "sonnet", "opus", "fable", "mythos") if line in self.id), None),
            "max_input_tokens": self.window,
            "max_tokens": self.max_output,
            "capabilities": self._capabilities,
        }

    @property
    def _capabilities(self) -> Json:
        yes, no = {"supported": True}, {"supported": False}
        edits = ("clear_tool_uses_20250919", "clear_thinking_20251015", "compact_20260112")
        forms = ("adaptive", "between_tools", "disabled", "enabled")
        return {
            "batch": yes,
            "citations": yes,
            "code_execution": no,
            "context_management": {"supported": True, **dict.fromkeys(edits, yes)},
            "effort": {"supported": bool(self.efforts), **{e: yes if e in self.efforts else no for e in EFFORTS}},
            "image_input": yes,
            "pdf_input": no,
            "server_tools": {"supported": False, "code_execution": no, "web_search": no},
            "structured_outputs": yes,
            "thinking": {"supported": True, "types": {form: yes if form in self.thinking else no for form in forms}},
        }


def _models() -> Iterator[Model]:
    """The table, newest first."""
    always: frozenset[ThinkingForm] = frozenset({"adaptive"})
    or_off: frozenset[ThinkingForm] = frozenset({"adaptive", "disabled"})
    all_forms: frozenset[ThinkingForm] = frozenset({"adaptive", "disabled", "enabled"})
    by_hand: frozenset[ThinkingForm] = frozenset({"disabled", "enabled"})
    toolset, both = frozenset({TOOLSET}), frozenset({TOOLSET, NEWER})
    newer, older = frozenset({NEWER}), frozenset({OLDER})
    for line in ("fable", "mythos"):
        name = f"claude-{line}"
        yield Model(f"{name}-5-2", toolset, always, forced_choice="refused", binds_thinking=True)
        yield Model(f"{name}-5-1", both, always, forced_choice="refused", binds_thinking=True, cache_minimum=512)
        yield Model(f"{name}-5", both, always, cache_minimum=512)
    yield Model("claude-haiku-5-5", toolset, or_off, binds_thinking=True, cache_minimum=512)
    yield Model(
        "claude-sonnet-5-5",
        toolset,
        frozenset({"adaptive", "between_tools"}),
        limits_effort_when_off=True,
        forced_choice="refused",
        binds_thinking=True,
        cache_minimum=512,
    )
    yield Model("claude-opus-5-5", toolset, always, forced_choice="refused", binds_thinking=True, cache_minimum=512)
    yield Model("claude-sonnet-5", both, or_off)
    yield Model("claude-opus-5", both, or_off, limits_effort_when_off=True, cache_minimum=512)
    yield Model("claude-opus-4-8", both, or_off, thinks_by_itself=False)
    yield Model("claude-opus-4-7", newer, or_off, thinks_by_itself=False, cache_minimum=2048)
    yield _standard("claude-opus-4-6", newer, all_forms, ("low", "medium", "high", "max"), cache_minimum=4096)
    yield _standard("claude-sonnet-4-6", newer, all_forms, ("low", "medium", "high", "max"))
    for name in ("claude-opus-4-5", "claude-opus-4-5-20251101"):
        yield _standard(name, newer, by_hand, ("low", "medium", "high"), cache_minimum=4096, forced="unless_thinking")
    for name in ("claude-haiku-4-5", "claude-haiku-4-5-20251001"):
        yield _standard(name, older, by_hand, (), cache_minimum=4096, forced="unless_thinking", small=True)
    for name in ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"):
        yield _standard(name, older, by_hand, (), forced="unless_thinking")


def _standard(
    name: str,
    computers: frozenset[str],
    thinking: frozenset[ThinkingForm],
    efforts: tuple[str, ...],
    *,
    cache_minimum: int = 1024,
    forced: Forced = "allowed",
    small: bool = False,
) -> Model:
    """A model of the 4.5 and 4.6 families."""
    return Model(
        name,
        computers,
        thinking,
        thinks_by_itself=False,
        efforts=efforts,
        forced_choice=forced,
        tier=STANDARD,
        window=200_000 if small else 1_000_000,
        max_output=64_000 if small or not efforts else 128_000,
        cache_minimum=cache_minimum,
        shows_thinking=True,
        tokens_per_byte=0.25,
    )


MODELS: dict[str, Model] = {model.id: model for model in _models()}
