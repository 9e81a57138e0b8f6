"""A conversation with a model, as requests see it: only ever added to, so that what was cached and thought stays true.

An assistant's turns go back exactly as they came. Two kinds of exceptions are made by rule: old pictures leave in
batches, where the model's thinking is not bound to what came before; and marks for the cache move along.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from harness.model.turn import Turn
from harness.tools.call import Json

Ttl: TypeAlias = Literal["5m", "1h"]
MARKS = 2
"""Ends of user turns that are marked: what the last request wrote is read by the next, what it adds is written."""
GONE: Json = {"type": "text", "text": "[an older picture, no longer shown]"}


@dataclass(slots=True)
class Transcript:
    """What was said so far."""

    messages: list[Json] = field(default_factory=list)

    def say(self, *content: Json) -> None:
        """A user's turn."""
        self.messages.append({"role": "user", "content": list(content)})

    def add(self, content: Json) -> None:
        """One more block at the end of the user's turn that is the last one."""
        last = self.messages[-1]["content"]
        assert isinstance(last, list)  # noqa: S101 - all turns are made here
        last.append(content)

    def answered(self, turn: Turn) -> None:
        """The model's turn, as it came."""
        self.messages.append({"role": "assistant", "content": turn.content})

    def marked(self, ttl: Ttl = "5m") -> list[Json]:
        """The messages with marks for the cache at the ends of the last user turns."""
        users = [index for index, message in enumerate(self.messages) if message["role"] == "user"]
        marks = set(users[-MARKS:])
        return [_marked(message, ttl) if index in marks else message for index, message in enumerate(self.messages)]

    @property
    def pictures(self) -> int:
        """Pictures that are still shown."""
        return sum(1 for content in self._lists() for block in content if _is_image(block))

    def prune(self, keep: int) -> int:
        """Put words in place of all pictures but the last so many; how many went."""
        going = max(0, self.pictures - keep)
        left = going
        for content in self._lists():
            for index, block in enumerate(content):
                if left and _is_image(block):
                    content[index] = deepcopy(GONE)
                    left -= 1
        return going

    def _lists(self) -> list[list[JsonValue]]:
        """Every list of blocks that may hold a picture, in order."""
        return [
            found for message in self.messages if message["role"] == "user" for found in _nested(message["content"])
        ]


def _nested(content: JsonValue) -> list[list[JsonValue]]:
    if not isinstance(content, list):
        return []
    inner = (block.get("content") for block in content if isinstance(block, dict) and block["type"] == "tool_result")
    return [content, *(one for one in inner if isinstance(one, list))]


def _is_image(block: JsonValue) -> bool:
    return isinstance(block, dict) and block.get("type") == "image"


def _marked(message: Json, ttl: Ttl) -> Json:
    """The message with a mark on its last block."""
    content = message["content"]
    if not isinstance(content, list) or not content or not isinstance(content[-1], dict):
        return message
    return {**message, "content": [*content[:-1], {**content[-1], "cache_control": mark(ttl)}]}


def mark(ttl: Ttl) -> Json:
    """A mark for the cache; the short one is the API's own default."""
    return {"type": "ephemeral"} if ttl == "5m" else {"type": "ephemeral", "ttl": ttl}
