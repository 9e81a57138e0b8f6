"""Rules on how the model is to answer: length, thinking, effort, format, context management."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.support.api.offers import loose_schema
from tests.support.api.problems import Problem
from tests.support.api.reading import blocks
from tests.support.api.shapes import Asked, ClearThinking, Enabled

if TYPE_CHECKING:
    from tests.support.api.reading import Request

OFF = frozenset({"disabled", "between_tools"})
ABOVE_HIGH = frozenset({"xhigh", "max"})


def wrong_settings(request: Request) -> Iterator[Problem]:
    """Settings this model does not take."""
    asked = request.asked
    if isinstance(asked, Asked) and asked.max_tokens > request.model.max_output:
        most = request.model.max_output
        message = f"{asked.max_tokens} > {most}, which is the maximum allowed number of output tokens for {asked.model}"
        yield Problem("max_tokens", message)
    yield from _wrong_thinking(request)
    yield from _wrong_effort(request)
    yield from _wrong_format(request)
    yield from _wrong_edits(request)


def _wrong_thinking(request: Request) -> Iterator[Problem]:
    form, model = request.asked.thinking, request.model
    if form is None:
        return
    if form.type not in model.thinking:
        takes = ", ".join(sorted(model.thinking))
        yield Problem("thinking.type", f"'{form.type}' is not supported by {model.id}, which takes {takes}")
    if isinstance(form, Enabled):
        if isinstance(request.asked, Asked) and form.budget_tokens >= request.asked.max_tokens:
            yield Problem("thinking.budget_tokens", "must be less than max_tokens")
        yield from _without_first_thought(request)


def _without_first_thought(request: Request) -> Iterator[Problem]:
    """While tools are being used with thinking set by hand, the last turn of the model must start with a thought."""
    last = next((at for at in reversed(range(len(request.turns))) if request.turns[at]["role"] == "assistant"), None)
    if last is None or not request.results:
        return
    first = blocks(request.turns[last])[0]["type"]
    if first not in {"thinking", "redacted_thinking"}:
        message = f"Expected `thinking` or `redacted_thinking`, but found `{first}`, when `thinking` is enabled"
        yield Problem(f"messages.{last}.content.0.type", message)


def _wrong_effort(request: Request) -> Iterator[Problem]:
    output, model = request.asked.output_config, request.model
    effort = output.effort if output else None
    if effort is None:
        return
    if effort not in model.efforts:
        takes = ", ".join(model.efforts) or "no such setting"
        yield Problem("output_config.effort", f"'{effort}' is not supported by {model.id}, which takes {takes}")
    form = request.asked.thinking
    limited = form is not None and form.type in OFF and model.limits_effort_when_off
    if form is not None and limited and effort in ABOVE_HIGH:
        yield Problem("output_config.effort", f"'{effort}' cannot be combined with thinking '{form.type}'")


def _wrong_format(request: Request) -> Iterator[Problem]:
    output = request.asked.output_config
    if output and output.format:
        yield from loose_schema("output_config.format.schema", output.format.schema_)


def _wrong_edits(request: Request) -> Iterator[Problem]:
    edits = request.asked.context_management.edits if request.asked.context_management else []
    for index, edit in enumerate(edits):
        if index and isinstance(edit, ClearThinking):
            yield Problem(f"context_management.edits.{index}", "clear_thinking_20251015 must be listed first")
    if len({edit.type for edit in edits}) < len(edits):
        yield Problem("context_management.edits", "each edit may be listed once")
