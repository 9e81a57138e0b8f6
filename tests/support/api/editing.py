"""What the server takes out of a conversation before the model sees it, because the request asked for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.api.reading import blocks
from tests.support.api.shapes import ClearToolUses, Tokens
from tests.support.api.tokens import block_tokens

if TYPE_CHECKING:
    from tests.support.api.models import Model
    from tests.support.api.problems import Json
    from tests.support.api.reading import Request

CLEARED = "[Old tool result content cleared]"


@dataclass(frozen=True)
class Edited:
    """The body as the model sees it, and what was done to it, as the reply tells."""

    body: Json
    applied: list[Json]


def edited(request: Request, body: Json) -> Edited:
    """The body after the edits it asks for. Clearing of tool results alone is played; others do nothing."""
    asked = request.asked.context_management
    edit = next((one for one in asked.edits if isinstance(one, ClearToolUses)), None) if asked else None
    if edit is None:
        return Edited(body, [])
    uses = _uses(body)
    clearable = [use for use in uses if not {use["name"], use.get("toolset_name")} & set(edit.exclude_tools or ())]
    clear = {use["id"] for use in clearable[: max(len(clearable) - edit.keep.value, 0)]}
    shown = {**body, "messages": [_without(message, clear) for message in body["messages"]]}
    before, after = total_tokens(body, request.model), total_tokens(shown, request.model)
    reached = before > edit.trigger.value if isinstance(edit.trigger, Tokens) else len(uses) > edit.trigger.value
    least = edit.clear_at_least.value if edit.clear_at_least else 1
    if not reached or before - after < least:
        return Edited(body, [])
    told = {"type": edit.type, "cleared_tool_uses": len(clear), "cleared_input_tokens": before - after}
    return Edited(shown, [told])


def total_tokens(body: Json, model: Model) -> int:
    """All of the prompt."""
    system = blocks({"content": body["system"]}) if body.get("system") else []
    content = [block for message in body["messages"] for block in blocks(message)]
    return sum(block_tokens(block, model) for block in [*(body.get("tools") or []), *system, *content])


def _uses(body: Json) -> list[Json]:
    content = (block for message in body["messages"] for block in blocks(message))
    return [block for block in content if block["type"] == "tool_use"]


def _without(message: Json, clear: set[str]) -> Json:
    def shown(block: Json) -> Json:
        cleared = block["type"] == "tool_result" and block["tool_use_id"] in clear
        return {**block, "content": CLEARED} if cleared else block

    return {**message, "content": [shown(block) for block in blocks(message)]}
