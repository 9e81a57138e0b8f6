"""Answers in the form of Amazon's event streams, in which Bedrock wraps the events of an answer."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32


def answer(events: Iterable[Mapping[str, Any]]) -> bytes:
    """A whole HTTP response that streams these events."""
    body = b"".join(_event(event) for event in events)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def said(text: str) -> list[dict[str, Any]]:
    """The events of an answer that says this."""
    return [
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]


def sse(events: Iterable[Mapping[str, Any]]) -> bytes:
    """The same as server-sent events."""
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def exception(kind: str, message: str) -> bytes:
    """A response whose stream begins with an error."""
    payload = json.dumps({"message": message}).encode()
    body = _message({":message-type": "exception", ":exception-type": kind}, payload)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _event(event: Mapping[str, Any]) -> bytes:
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}).encode()
    return _message({":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"}, payload)


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    told = b"".join(
        struct.pack(">B", len(name)) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(told) + len(payload), len(told))
    message = prelude + struct.pack(">I", crc32(prelude)) + told + payload
    return message + struct.pack(">I", crc32(message))
