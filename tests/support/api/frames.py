"""A reply as server-sent events, in their documented order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.support.api.problems import Json

LARGEST_PIECE = 24  # characters


@dataclass(frozen=True)
class Frame:
    """One event."""

    name: str
    data: str

    @property
    def raw(self) -> bytes:
        """As it is sent."""
        return f"event: {self.name}\ndata: {self.data}\n\n".encode()


def frame(data: Json) -> Frame:
    """An event named after the type of its data."""
    return Frame(data["type"], json.dumps(data, ensure_ascii=False))


def frames(message: Json, chance: Random) -> Iterator[Frame]:
    """The events of a message; `chance` decides where texts and inputs are cut, and when a ping comes."""
    usage = {**message["usage"], "output_tokens": 1}
    usage.pop("output_tokens_details")
    start = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None, "usage": usage}
    edits = start.pop("context_management", None)
    yield frame({"type": "message_start", "message": start})
    yield frame({"type": "ping"})
    for index, block in enumerate(message["content"]):
        yield from _block(index, block, chance)
        if chance.random() < 0.25:
            yield frame({"type": "ping"})
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    counts = {key: message["usage"][key] for key in ("output_tokens", "output_tokens_details")}
    end: Json = {"type": "message_delta", "delta": delta, "usage": counts}
    yield frame(end if edits is None else {**end, "context_management": edits})
    yield frame({"type": "message_stop"})


def _block(index: int, block: Json, chance: Random) -> Iterator[Frame]:
    empty: dict[str, Json] = {
        "text": {"text": ""},
        "thinking": {"thinking": "", "signature": ""},
        "tool_use": {"input": {}},
    }
    start = {**block, **empty.get(block["type"], {})}
    yield frame({"type": "content_block_start", "index": index, "content_block": start})
    for delta in _deltas(block, chance):
        yield frame({"type": "content_block_delta", "index": index, "delta": delta})
    yield frame({"type": "content_block_stop", "index": index})


def _deltas(block: Json, chance: Random) -> Iterator[Json]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in _pieces(block["text"], chance))
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": p} for p in _pieces(block["thinking"], chance) or [""])
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "tool_use" and block.get("toolset_name"):
        yield {"type": "input_json_delta", "partial_json": json.dumps(block["input"], ensure_ascii=False)}
    elif block["type"] == "tool_use":
        # As escapes now and then, so that a cut can come inside of one, and between both halves of an emoji.
        text = json.dumps(block["input"], ensure_ascii=chance.random() < 0.5)
        yield {"type": "input_json_delta", "partial_json": ""}
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in _pieces(text, chance))


def _pieces(text: str, chance: Random) -> list[str]:
    """The text in pieces of any size."""
    found, at = [], 0
    while at < len(text):
        size = chance.randint(1, LARGEST_PIECE)
        found.append(text[at : at + size])
        at += size
    return found


def torn(raw: bytes, chance: Random) -> Iterator[bytes]:
    """Bytes in pieces of any size, cut inside characters as well."""
    at = 0
    while at < len(raw):
        size = chance.randint(1, 4 * LARGEST_PIECE)
        yield raw[at : at + size]
        at += size
