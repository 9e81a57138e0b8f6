"""A model's answer, and what it cost in tokens. Plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pydantic import JsonValue

from harness.model.catalog import MILLION, Price
from harness.tools.call import Call, calls

Json: TypeAlias = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. All input is `total`: what was new, what was written to the cache and what was read from it."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    thinking: int = 0  # of the output

    @property
    def total(self) -> int:
        """Every token of input, however it was billed."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def cost(self, price: Price | None) -> float | None:
        """US dollars; None where the price is not known."""
        if price is None:
            return None
        above = price.above if price.above and self.total > price.above.tokens else None
        into, out = (above.input, above.output) if above else (price.input, price.output)
        cached = (
            self.cache_read * price.cache_read
            + self.cache_write_5m * price.cache_write_5m
            + self.cache_write_1h * price.cache_write_1h
        )
        return ((self.input + cached) * into + self.output * out) / MILLION


def usage(told: JsonValue) -> Usage:
    """A message's `usage`. Where it tells iterations, such as compactions, their sum: nothing else tells of all."""
    if not isinstance(told, dict):
        return Usage()
    parts = told.get("iterations")
    if isinstance(parts, list) and parts:
        return sum((usage(part) for part in parts), Usage())
    written = told.get("cache_creation")
    long = _count(written, "ephemeral_1h_input_tokens")
    return Usage(
        input=_count(told, "input_tokens"),
        cache_read=_count(told, "cache_read_input_tokens"),
        cache_write_5m=_count(told, "cache_creation_input_tokens") - long,
        cache_write_1h=long,
        output=_count(told, "output_tokens"),
        thinking=_count(told.get("output_tokens_details"), "thinking_tokens"),
    )


def _count(told: JsonValue, name: str) -> int:
    count = told.get(name) if isinstance(told, dict) else None
    return count if isinstance(count, int) else 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer as it came."""

    message: Json

    @property
    def content(self) -> list[JsonValue]:
        """Its blocks, as they go back with the next request."""
        content = self.message.get("content")
        return content if isinstance(content, list) else []

    @property
    def stop(self) -> str:
        """Why it ended."""
        return str(self.message.get("stop_reason"))

    @property
    def calls(self) -> tuple[Call, ...]:
        """What it asks to be done, in order."""
        return calls(self.content)

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join(_texts(self.content))

    @property
    def usage(self) -> Usage:
        """What it cost."""
        return usage(self.message.get("usage"))


def _texts(content: list[JsonValue]) -> list[str]:
    return [
        text
        for block in content
        if isinstance(block, dict) and block.get("type") == "text" and isinstance(text := block.get("text"), str)
    ]


@dataclass(frozen=True, slots=True)
class Request:
    """A question: the body as it goes out, and the betas that it needs."""

    body: Json
    betas: tuple[str, ...] = ()


Hear: TypeAlias = Callable[[Json], None]
"""Is told every event of an answer while it comes."""


class Model(Protocol):
    """Whoever answers a conversation."""

    async def turn(self, request: Request) -> Turn:
        """The next answer, whole. Raises ModelError."""
        ...
