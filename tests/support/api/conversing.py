"""A client's side of a conversation, right in all things: what tests of the stand-in itself start from."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import anthropic
from PIL import Image

if TYPE_CHECKING:
    from tests.support.api.problems import Json

TOOLSET = {"type": "computer_toolset_20260801"}
BASH = {"type": "bash_20250124", "name": "bash"}


@asynccontextmanager
async def client(url: str, key: str = "a-key") -> AsyncIterator[anthropic.AsyncAnthropic]:
    """The real client, without retries; and without certificates, which take long to load."""
    http = anthropic.DefaultAsyncHttpxClient(verify=False)
    async with anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0, http_client=http) as made:
        yield made


@cache
def encoded(width: int, height: int, colour: tuple[int, int, int] = (40, 60, 80), kind: str = "PNG") -> str:
    """A picture of one colour, as base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def image(width: int = 1280, height: int = 800, *, data: str | None = None, media_type: str = "image/png") -> Json:
    """An image block."""
    source = {"type": "base64", "media_type": media_type, "data": data or encoded(width, height)}
    return {"type": "image", "source": source}


def result(call: Json, *content: Json, **more: Any) -> Json:
    """The answer to a call: an image where one must be."""
    shows = call["name"] in {"screenshot", "zoom"} or call["input"].get("action") in {"screenshot", "zoom"}
    found = list(content) or [image() if shows else {"type": "text", "text": "OK"}]
    toolset = {"toolset_name": call["toolset_name"]} if call.get("toolset_name") else {}
    return {"type": "tool_result", "tool_use_id": call["id"], "content": found, **toolset, **more}


def sent_back(message: Any) -> Json:
    """A reply as a turn of the next request, with nothing added and nothing lost."""
    return {"role": "assistant", "content": [block.model_dump(exclude_unset=True) for block in message.content]}


def answered(turn: Json) -> Json:
    """The user's turn that answers all calls of a turn."""
    return {"role": "user", "content": [result(block) for block in turn["content"] if block["type"] == "tool_use"]}


def asking(model: str = "claude-sonnet-5-5", **more: Any) -> Any:
    """The first request of a conversation, as parameters of the SDK."""
    first = {"role": "user", "content": "Open the notes."}
    return {"model": model, "max_tokens": 4096, "tools": [TOOLSET, BASH], "messages": [first], **more}


def older(model: str, version: str, width: int = 1280, height: int = 800, **more: Any) -> Any:
    """The same with one of the older computer tools, for the beta endpoint."""
    tool = {"type": version, "name": "computer", "display_width_px": width, "display_height_px": height, **more}
    beta = {"computer_20250124": "computer-use-2025-01-24", "computer_20251124": "computer-use-2025-11-24"}[version]
    return asking(model, tools=[tool, BASH], betas=[beta])
