"""All rules on a request, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.api.access import unasked_betas
from tests.support.api.keeping import THOUGHTS, Memory, Recalled
from tests.support.api.marks import wrong_marks
from tests.support.api.offers import wrong_choice, wrong_tools
from tests.support.api.pictures import downsized, image_blocks, too_large, too_many, undeclared
from tests.support.api.problems import Json, Problem
from tests.support.api.sdk_types import second_opinion
from tests.support.api.settings import wrong_settings
from tests.support.api.shapes import Adaptive, Asked, Enabled, Toolset
from tests.support.api.turns import wrong_turns

if TYPE_CHECKING:
    from tests.support.api.reading import Request


@dataclass
class Judgement:
    """What is wrong with a request, what the server does without a word, and what the model is shown of it."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: Json = field(default_factory=dict)
    dropped: list[Json] = field(default_factory=list)


def judge(request: Request, memory: Memory, *, drops: bool) -> Judgement:
    """Hold a request against all rules. `drops` says that thoughts out of place are dropped rather than refused."""
    found = Judgement(shown=request.body)
    found.problems += unasked_betas(request)
    found.problems += wrong_tools(request)
    found.problems += wrong_choice(request)
    found.problems += wrong_settings(request)
    found.problems += wrong_marks(request)
    found.problems += wrong_turns(request, may_end_with_assistant=memory.may_end(request.body))
    found.problems += _pictures(request)
    found.problems += memory.wrong(request.body)
    found.problems += _opinion(request, memory)
    found.notes += downsized(request.pictures, request.model)
    if isinstance(request.asked, Asked):
        _bind(found, request, memory, drops=drops)
    return found


def _pictures(request: Request) -> Iterator[Problem]:
    yield from too_many(request.body, request.model)
    yield from too_large(request.pictures, request.model, sum(1 for _ in image_blocks(request.body)))
    screen = request.computer
    if screen is not None and not isinstance(screen, Toolset):
        yield from undeclared(request.pictures, screen.display_width_px, screen.display_height_px)


def _opinion(request: Request, memory: Memory) -> Iterator[Problem]:
    kind = "streaming" if request.streams else "whole"
    body = {**request.body, "messages": [_known_to_sdk(message, memory) for message in request.turns]}
    namespace = "beta" if request.beta else "plain"
    yield from second_opinion(body, namespace, kind if isinstance(request.asked, Asked) else "counting")


def _known_to_sdk(message: Json, memory: Memory) -> Json:
    """Without blocks of types that only this server knows; those the SDK cannot know either."""
    if message["role"] != "assistant" or isinstance(message["content"], str):
        return message
    types = {"text", "tool_use", *THOUGHTS}
    known = [
        {"type": "text", "text": "-"} if block["type"] not in types and memory.knows(block) else block
        for block in message["content"]
    ]
    return {**message, "content": known}


def _bind(found: Judgement, request: Request, memory: Memory, *, drops: bool) -> None:
    """Thoughts that stand elsewhere than where they were thought, or that this model may not read."""
    reasons = [(one, "model_binding_mismatch") for one in memory.unreadable(request.body)]
    reasons += [(one, "prefix_binding_mismatch") for one in memory.strayed(request.body)]
    for one, reason in reasons:
        if not request.model.binds_thinking:
            found.notes.append(f"{one.path}: {reason}, which this model does not mind")
        elif drops or _asks_to_drop(request):
            found.notes.append(f"{one.path}: {reason}, dropped")
            found.dropped += _dropped(one, reason)
        else:
            message = f"{reason}: this thinking block was created from another system prompt, tools or messages"
            found.problems.append(Problem(one.path, message))
    if found.dropped:
        found.shown = _without(request.body, {one["path"] for one in found.dropped})


def _asks_to_drop(request: Request) -> bool:
    form = request.asked.thinking
    binding = form.block_binding if isinstance(form, Adaptive | Enabled) else None
    return binding is not None and binding.prefix_mismatch_behavior == "drop_block"


def _dropped(one: Recalled, reason: str) -> Iterator[Json]:
    for at, block in enumerate(one.said.content):
        if block["type"] in THOUGHTS:
            path = f"messages.{one.message}.content.{one.at + at}"
            yield {"type": "thinking_dropped", "path": path, "reason": reason}


def _without(body: Json, paths: set[str]) -> Json:
    def kept(index: int, message: Json) -> Json:
        if isinstance(message["content"], str):
            return message
        content = [b for at, b in enumerate(message["content"]) if f"messages.{index}.content.{at}" not in paths]
        return {**message, "content": content}

    return {**body, "messages": [kept(index, message) for index, message in enumerate(body["messages"])]}
