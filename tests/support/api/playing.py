"""What the stand-in answers: turns of the model, refusals, and everything that goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.api.problems import Json, envelope

if TYPE_CHECKING:
    from tests.support.api.reading import Request


# --- blocks ------------------------------------------------------------------------------------------------------


def say(text: str) -> Json:
    """A text of the model."""
    return {"type": "text", "text": text}


def think(text: str) -> Json:
    """A thought; the server signs it, and leaves out its text where the request wants that."""
    return {"type": "thinking", "thinking": text, "signature": ""}


def call(name: str, /, **given: Any) -> Json:
    """A call of a tool; the server gives it an id."""
    return {"type": "tool_use", "id": "", "name": name, "input": given}


def member(name: str, /, **given: Any) -> Json:
    """A call of a member of the computer toolset."""
    block = call(name, **given)
    return {**block, "toolset_name": "computer", "caller": {"type": "direct"}}


def computer(action: str, /, **given: Any) -> Json:
    """A call of one of the older computer tools."""
    return call("computer", action=action, **given)


# --- what goes wrong ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """The connection ends after so many bytes of the reply, its head among them; with a reset if asked."""

    after: int
    reset: bool = False


@dataclass(frozen=True)
class EndEarly:
    """The stream ends properly after so many events, without `message_stop`."""

    events: int


@dataclass(frozen=True)
class ErrorEvent:
    """After so many events comes an error, and the end."""

    events: int
    kind: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True)
class Insert:
    """After so many events comes one more with these data, word for word: unknown events, or what is no JSON."""

    events: int
    name: str
    data: str


@dataclass(frozen=True)
class Drip:
    """The reply comes in pieces of so many bytes, with a pause of so many seconds after each."""

    size: int
    seconds: float


@dataclass(frozen=True)
class Hold:
    """After so many events nothing comes until the test goes on; with -1 the head of the reply does not come either.

    `reached` tells that it is so far, `left` that the client has gone away meanwhile.
    """

    events: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)


Fault = Cut | EndEarly | ErrorEvent | Insert | Drip | Hold


# --- replies -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """A turn of the model: its blocks, and why it ended, which is found out if it is not said."""

    content: Sequence[Json]
    stop_reason: str | None = None
    stop_details: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def reason(self) -> str:
        """Why it ended."""
        uses = any(block["type"] == "tool_use" for block in self.content)
        return self.stop_reason or ("tool_use" if uses else "end_turn")

    def badly(self, *faults: Fault) -> Turn:
        """The same turn on a bad day."""
        return replace(self, faults=(*self.faults, *faults))


@dataclass(frozen=True)
class Refuse:
    """An error instead of a turn. Waits are in seconds; `body` replaces the documented error, word for word."""

    status: int
    message: str = "No."
    kind: str | None = None
    details: Json | None = None
    retry_after: float | str | None = None
    retry_after_ms: int | None = None
    should_retry: bool | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def envelope(self, request_id: str) -> Json:
        """The documented error."""
        return envelope(self.status, self.message, request_id, kind=self.kind, details=self.details)

    @property
    def all_headers(self) -> dict[str, str]:
        """What says when to come again, and the rest."""
        found: dict[str, str] = {}
        if self.retry_after is not None:
            found["retry-after"] = str(self.retry_after)
        if self.retry_after_ms is not None:
            found["retry-after-ms"] = str(self.retry_after_ms)
        if self.should_retry is not None:
            found["x-should-retry"] = "true" if self.should_retry else "false"
        return {**found, **self.headers}


@dataclass(frozen=True)
class Raw:
    """An answer with status 200 and any body at all."""

    body: bytes
    content_type: str = "application/json"


Reply = Turn | Refuse | Raw
BadDay = Refuse | Raw | Fault | tuple[Fault, ...]
Policy = Callable[["Request"], Awaitable[Reply]]


class ScriptIsOver(Exception):
    """More was asked than the script answers."""


@dataclass
class Script:
    """Replies one after another."""

    replies: Sequence[Turn | Refuse | Raw]
    played: int = 0

    async def __call__(self, _: Request) -> Reply:
        if self.played == len(self.replies):
            raise ScriptIsOver
        self.played += 1
        return self.replies[self.played - 1]

    def again(self) -> None:
        """The last one was not heard: it is next again."""
        self.played -= 1


def by_turn(turns: Sequence[Turn]) -> Policy:
    """A policy that answers a conversation with as many turns of the model as it has by the turn that comes next.

    So a request that is sent again is answered alike, and any number of runs are played at once.
    """

    async def play(request: Request) -> Reply:
        done: int = sum(message["role"] == "assistant" for message in request.turns)
        if done >= len(turns):
            raise ScriptIsOver
        return turns[done]

    return play


def ratelimit(
    kind: str, *, limit: int, remaining: int, reset_s: float = 60.0, now: datetime | None = None
) -> dict[str, str]:
    """Headers on one kind of limit: requests, tokens, input-tokens or output-tokens; it is full again in so long."""
    at = (now or datetime.now(UTC)) + timedelta(seconds=reset_s)  # noqa: TID251 - the header is a date
    left = remaining if kind == "requests" else round(remaining, -3)
    name = f"anthropic-ratelimit-{kind}"
    reset = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {f"{name}-limit": str(limit), f"{name}-remaining": str(left), f"{name}-reset": reset}
