"""What the models endpoint tells of models: neither which computer tool one takes, nor how large its pictures are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from anthropic import AnthropicError
from anthropic.types import ModelInfo

from harness.errors import UsageError
from harness.model.catalog import EFFORTS, Entry, Thinking
from harness.model.refusing import translated

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from harness.model.clients import Line

LISTS = frozenset({"anthropic", "aws"})
"""Providers that have the endpoint."""
PATIENCE_S = 15.0
_FORMS: tuple[Thinking, ...] = ("adaptive", "enabled", "between_tools", "disabled")
"""Forms of thinking, the one to ask for first."""


async def looked_up(line: Line, name: str) -> Entry | None:
    """What the endpoint tells of a model; None where it cannot be asked or does not say.

    Raises UsageError for a model that sees no pictures.
    """
    if line.provider not in LISTS:
        return None
    client = cast("AsyncAnthropic", line.client)
    try:
        return told(await client.models.retrieve(name, timeout=PATIENCE_S))
    except AnthropicError:
        return None  # whatever it is, the first request tells it better


async def all_listed(line: Line) -> AsyncIterator[ModelInfo]:
    """Every model that the endpoint lists. Raises UsageError where a provider has none, ModelError."""
    if line.provider not in LISTS:
        raise UsageError(f"{line.provider} has no list of models; {', '.join(sorted(LISTS))} have one")
    async with translated(line):
        async for model in cast("AsyncAnthropic", line.client).models.list(limit=100):
            yield model


def told(info: ModelInfo) -> Entry:
    """The entry that a model's description makes; fields it does not tell are left unset."""
    found: dict[str, Any] = {"window": info.max_input_tokens, "output": info.max_tokens, "retires": _day(info)}
    if can := info.capabilities:
        if not can.image_input.supported:
            raise UsageError(f"{info.id} sees no pictures, so it cannot work at a desktop; `harness models` lists some")
        forms = tuple(form for form in _FORMS if getattr(can.thinking.types, form).supported)
        efforts = tuple(effort for effort in EFFORTS if _supported(getattr(can.effort, effort)))
        # A model that is newer than the catalog binds its thinking, as all have since the last ones in it.
        clears = _supported(getattr(can.context_management, "clear_tool_uses_20250919", None))
        found |= {"thinking": forms or None, "efforts": efforts, "binds_thinking": clears or None}
        found |= {"effort": "high" if "high" in efforts else efforts[-1]} if efforts else {}
    return Entry.model_validate({name: value for name, value in found.items() if value is not None})


def _supported(capability: Any) -> bool:
    return capability is not None and bool(capability.supported)


def _day(info: ModelInfo) -> date | None:
    return info.retires_at.date() if info.retires_at else None
