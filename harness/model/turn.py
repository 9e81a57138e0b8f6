"""A model's answer, and what it cost in tokens. Plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

from pydantic import JsonValue

from harness.model.catalog import MILLION, Price, find
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
    searches: int = 0  # of the web, done by the API itself; they cost by the piece

    @property
    def total(self) -> int:
        """Every token of input, however it was billed."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def cost(self, price: Price | None) -> float | None:
        """US dollars for one request; None where a price is not known, and no search has one here."""
        if price is None or self.searches:
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
    """All of a message's `usage`. Where it tells iterations, such as compactions, they count: nothing else has all."""
    if not (parts := _iterations(told)):
        return _own(told)
    whole = _own(told)  # of thoughts and searches the parts do not tell
    return replace(sum(map(_own, parts), Usage()), thinking=whole.thinking, searches=whole.searches)


def _iterations(told: JsonValue) -> list[Json]:
    """The requests that one answer took, each with its own counts; none where it was a single one."""
    parts = told.get("iterations") if isinstance(told, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _own(told: JsonValue) -> Usage:
    """What one object of counts tells, whatever lies inside it."""
    if not isinstance(told, dict):
        return Usage()
    written = told.get("cache_creation")
    long = _count(written, "ephemeral_1h_input_tokens")
    return Usage(
        input=_count(told, "input_tokens"),
        cache_read=_count(told, "cache_read_input_tokens"),
        cache_write_5m=max(0, _count(told, "cache_creation_input_tokens") - long),
        cache_write_1h=long,
        output=_count(told, "output_tokens"),
        thinking=_count(told.get("output_tokens_details"), "thinking_tokens"),
        searches=_count(told.get("server_tool_use"), "web_search_requests"),
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
        """What it cost in tokens."""
        return usage(self.message.get("usage"))

    @property
    def length(self) -> int:
        """Tokens of the conversation up to its end; 0 where that is not told."""
        told = self.message.get("usage")
        asked = [part for part in _iterations(told) if part.get("type") in _ANSWERS]
        last = _own(asked[-1] if asked else told)
        return last.total + last.output

    def cost(self, price: Price | None) -> float | None:
        """US dollars: each of its requests by the price of the model that answered it; None where one is not known.

        `price` is that of the model that was asked, the first that answers. Prices rise with the size of a
        request, so the sum of all will not do.
        """
        whole, parts = self.usage, _iterations(self.message.get("usage"))
        if not parts or whole.searches:
            return whole.cost(price)
        asked = next((part["model"] for part in parts if part.get("type") == "message" and part.get("model")), None)
        prices = (price if part.get("model") in (None, asked) else _price(part["model"]) for part in parts)
        costs = [_own(part).cost(one) for part, one in zip(parts, prices, strict=True)]
        return sum(cost for cost in costs if cost is not None) if None not in costs else None


_ANSWERS = ("message", "fallback_message")
"""Requests whose input is the conversation; others, such as one that sums it up, read something else."""


def _price(model: JsonValue) -> Price | None:
    """That of a model which stepped in for another."""
    entry = find(str(model))
    return entry.price if entry else None


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


@runtime_checkable
class Counts(Protocol):
    """Whoever can tell how long a question is before it is asked."""

    async def count(self, request: Request) -> int | None:
        """Tokens of a request; None where nobody tells."""
        ...
