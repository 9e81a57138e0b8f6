"""From a turn of a script to the message the API sends: ids, signatures, thoughts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.support.api.keeping import THOUGHTS
from tests.support.api.playing import Turn, think
from tests.support.api.shapes import Adaptive, Enabled
from tests.support.api.tokens import block_tokens, text_tokens

if TYPE_CHECKING:
    from tests.support.api.models import Model
    from tests.support.api.problems import Json
    from tests.support.api.reading import Request

THOUGHT = "What is there to see, and what comes next?"


def spoken(turn: Turn, request: Request, number: int, *, thinks: bool) -> list[Json]:
    """The blocks as they are sent. With `thinks` a turn that has no thought gets one where the request wants it to."""
    content = list(turn.content)
    if thinks and request.thinks and content and not any(block["type"] in THOUGHTS for block in content):
        content = [think(THOUGHT), *content]
    blocks = (_completed(block, request, f"{number:06}{index:02}") for index, block in enumerate(content))
    return json.loads(json.dumps(list(blocks)))  # type: ignore[no-any-return] # nobody else holds these


def _completed(block: Json, request: Request, name: str) -> Json:
    if block["type"] == "thinking" and not block["signature"]:
        signature = f"c2ln{sha256((name + block['thinking']).encode()).hexdigest()[:40]}"
        return {**block, "thinking": block["thinking"] if shows(request) else "", "signature": signature}
    if block["type"] == "tool_use" and not block["id"]:
        return {**block, "id": f"toolu_{name}"}
    return block


def shows(request: Request) -> bool:
    """Whether thoughts come with their text."""
    form = request.asked.thinking
    display = form.display if isinstance(form, Adaptive | Enabled) else None
    return request.model.shows_thinking if display is None else display != "omitted"


def output_tokens(turn: Turn, content: list[Json], model: Model) -> tuple[int, int]:
    """All tokens of a reply, and those of them that are thought, also where the thought is not shown."""
    said = sum(block_tokens(block, model) for block in content if block["type"] not in THOUGHTS)
    texts: Iterator[str] = (block.get("thinking") or THOUGHT for block in turn.content if block["type"] in THOUGHTS)
    thought = sum(text_tokens(text, model) for text in texts)
    if not thought and any(block["type"] in THOUGHTS for block in content):
        thought = text_tokens(THOUGHT, model)
    return max(said + thought, 1), thought


def message_of(turn: Turn, content: list[Json], request: Request, usage: Json, extra: Json) -> Json:
    """The whole message; `extra` are fields of the beta endpoint."""
    return {
        "id": f"msg_{request.number:06}",
        "type": "message",
        "role": "assistant",
        "model": request.asked.model,
        "content": content,
        "stop_reason": turn.reason,
        "stop_sequence": None,
        "stop_details": turn.stop_details,
        "usage": usage,
        **extra,
    }
