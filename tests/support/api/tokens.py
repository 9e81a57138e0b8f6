"""How many tokens something is: an honest estimate for text, the documented count for pictures."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from tests.support.api.pictures import looked_at, visual_tokens
from tests.support.api.problems import Json
from tests.support.api.reading import canonical

if TYPE_CHECKING:
    from tests.support.api.models import Model

TOOLSET, ZOOM = 4500, 410
COMPUTER = 480 + 735
DEFINED = {"bash": 245, "str_replace_based_edit_tool": 700, "str_replace_editor": 700}
UNSEEN = 1500  # a picture that does not lie in the body


def text_tokens(text: str, model: Model) -> int:
    """Tokens of a text."""
    return ceil(len(text.encode(errors="replace")) * model.tokens_per_byte)


def tool_tokens(tool: Json, model: Model) -> int:
    """Tokens of the definition of a tool."""
    kind = tool.get("type") or "custom"
    if kind.startswith("computer_toolset"):
        zoom = ((tool.get("configs") or {}).get("zoom") or {}).get("enabled") is not False
        return TOOLSET if zoom else TOOLSET - ZOOM
    if kind.startswith("computer_"):
        return COMPUTER
    return DEFINED.get(tool["name"]) or text_tokens(canonical(tool), model)


def block_tokens(block: Json, model: Model) -> int:
    """Tokens of a block of content, or of a tool."""
    match block:
        case {"type": "text", "text": str(text)}:
            tokens = text_tokens(text, model)
        case {"type": "image"}:
            tokens = _image_tokens(block, model)
        case {"type": "thinking"}:
            tokens = text_tokens(block["thinking"] or block["signature"], model)
        case {"type": "tool_use"}:
            tokens = 20 + text_tokens(block["name"] + canonical(block["input"]), model)
        case {"type": "tool_result"}:
            content = block.get("content") or []
            inside = [{"type": "text", "text": content}] if isinstance(content, str) else content
            tokens = 10 + sum(block_tokens(part, model) for part in inside)
        case {"name": _} | {"type": "computer_toolset_20260801"}:
            tokens = tool_tokens(block, model)
        case _:
            tokens = text_tokens(canonical(block), model)
    return tokens


def _image_tokens(block: Json, model: Model) -> int:
    source = block["source"]
    seen = looked_at(source["data"]) if source["type"] == "base64" else "unseen"
    return UNSEEN if isinstance(seen, str) else visual_tokens(seen[1], model)
