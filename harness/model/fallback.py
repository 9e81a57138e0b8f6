"""Another model that answers while the API is overloaded with the first one.

The conversation goes over as it is, so the other model has to take the same computer tool, the same editor and pictures
as large. Thinking does not go over: a model reads only what it, or one of its kind, has thought, and what is left out
has to be left out from the beginning. So at each change all thinking up to there stays behind, both ways; a model that
is told how much to think has to have begun with it, so it does not think any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import JsonValue

from harness.errors import Rejected, Unavailable
from harness.model.catalog import EFFORTS, Entry
from harness.model.throttle import OVERLOADED, Tell, Waiting
from harness.model.turn import Json, Model, Request, Turn

_THOUGHTS = frozenset({"thinking", "redacted_thinking"})


class Asked(Protocol):
    """A model that can be asked without patience, and tells how long a question is."""

    async def turn(self, request: Request, *, patient: bool = True) -> Turn:
        """The next answer. Raises ModelError; Unavailable at an overload for one who is not patient."""
        ...

    async def count(self, request: Request) -> int | None:
        """Tokens of a request; None where nobody tells."""
        ...


def why_not(first: Entry, other: Entry) -> str | None:
    """What keeps a model from taking over from another; None where it can."""
    if first.computer[0] not in other.computer:
        return f"it does not take the computer tool of the first, {first.computer[0]}"
    if first.editor != other.editor:
        return f"it does not take the editor of the first, {first.editor}"
    if first.pictures == "high" and other.pictures != "high":
        return "it does not take pictures as large as the first does"
    if not {first.thinking[0], "disabled"} & {*other.thinking}:
        return f"it does not think in the way of the first, {first.thinking[0]}, and cannot be kept from thinking"
    return None


@dataclass(slots=True)
class Lines:
    """Both models as one: a request goes to the one whose turn it is."""

    first: Asked
    other: Asked
    asked: Asked = field(init=False)
    patient: bool = False

    def __post_init__(self) -> None:
        self.asked = self.first

    async def turn(self, request: Request) -> Turn:
        """The next answer. Raises ModelError."""
        return await self.asked.turn(request, patient=self.patient)


@dataclass(slots=True)
class WithFallback:
    """The first model, and the other one in its place while the API is overloaded with the first.

    `model` asks along the lines, and may do more: every request that goes out goes through it as it is.
    """

    lines: Lines
    model: Model
    name: str
    entry: Entry
    tell: Tell
    _behind: int = 0  # messages whose thinking stays behind
    _last: Asked | None = None  # who answered last
    _usable: bool = True

    async def turn(self, request: Request) -> Turn:
        """The next answer. Raises ModelError."""
        try:
            return await self._asked(self.lines.first, request, patient=not self._usable)
        except Unavailable as error:
            if error.kind != OVERLOADED or not self._usable:
                raise
        return await self._other(request) or await self._asked(self.lines.first, request, patient=True)

    async def count(self, request: Request) -> int | None:
        """Tokens of a request, by the first model; None where nobody tells."""
        return await self.lines.first.count(without_thinking(request, self._behind))

    async def _other(self, request: Request) -> Turn | None:
        """What the other one answers; None where it cannot."""
        adapted = for_model(request, self.name, self.entry)
        if adapted is None:
            return None
        self.tell(Waiting(0.0, f"overloaded: {self.name} is asked in its place", OVERLOADED))
        try:
            return _by(self.name, await self._asked(self.lines.other, adapted, patient=False))
        except Unavailable:
            return None
        except Rejected as error:
            self._usable = False
            self.tell(Waiting(0.0, f"{self.name} cannot take over: {error}", OVERLOADED))
            return None

    async def _asked(self, which: Asked, request: Request, *, patient: bool) -> Turn:
        behind = _length(request) if self._last not in (None, which) else self._behind
        self.lines.asked, self.lines.patient = which, patient
        turn = await self.model.turn(_unthinking(without_thinking(request, behind)))
        self._last, self._behind = which, behind
        return turn


def _by(name: str, turn: Turn) -> Turn:
    """The turn with its usage told as the API tells that of a model which stepped in: it has a price of its own."""
    used = turn.message.get("usage")
    if not isinstance(used, dict) or used.get("iterations"):
        return turn
    part: Json = {**used, "type": "fallback_message", "model": name}
    return Turn({**turn.message, "usage": {**used, "iterations": [part]}})


def _length(request: Request) -> int:
    messages = request.body["messages"]
    return len(messages) if isinstance(messages, list) else 0


def without_thinking(request: Request, upto: int) -> Request:
    """The same without the thinking in its first messages."""
    messages = request.body["messages"]
    if not upto or not isinstance(messages, list):
        return request
    bare = [_bare(message) for message in messages[:upto]]
    return replace(request, body={**request.body, "messages": [*bare, *messages[upto:]]})


def _unthinking(request: Request) -> Request:
    """The same with thinking turned off, where that is set by hand and the model's last turn does not begin with it."""
    messages, thinking = request.body["messages"], request.body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled" or not isinstance(messages, list):
        return request
    turns = [told["content"] for told in messages if isinstance(told, dict) and told.get("role") == "assistant"]
    match turns[-1:]:
        case [[{"type": "thinking" | "redacted_thinking"}, *_]] | []:
            return request
        case _:
            return replace(request, body={**request.body, "thinking": {"type": "disabled"}})


def _bare(message: JsonValue) -> JsonValue:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or message.get("role") != "assistant" or not isinstance(content, list):
        return message
    said = [block for block in content if not (isinstance(block, dict) and block.get("type") in _THOUGHTS)]
    return {**message, "content": said or content}


def for_model(request: Request, name: str, entry: Entry) -> Request | None:
    """The same question to another model; None where it cannot be asked that."""
    body = request.body
    tools, tokens, thinking = body.get("tools"), body.get("max_tokens"), body.get("thinking")
    kinds = {tool.get("type") for tool in tools if isinstance(tool, dict)} if isinstance(tools, list) else set()
    if not kinds & {*entry.computer} or entry.editor not in kinds:
        return None
    form = thinking.get("type") if isinstance(thinking, dict) else None
    most = min(tokens, entry.output) if isinstance(tokens, int) else entry.output
    if form == "enabled" or form not in entry.thinking:
        thinking = {"type": "disabled"}
    told: Json = {**body, "model": name, "max_tokens": most, "thinking": thinking}
    return replace(request, body=_with_effort(told, entry))


def _with_effort(body: Json, entry: Entry) -> Json:
    """With the effort that comes nearest from below, or none."""
    output = body.get("output_config")
    if not isinstance(output, dict) or output.get("effort") in (None, *entry.efforts):
        return body
    told = {name: value for name, value in output.items() if name != "effort"}
    if entry.efforts:
        below = [one for one in entry.efforts if EFFORTS.index(one) < _rank(output["effort"])]
        told["effort"] = below[-1] if below else entry.efforts[0]
    rest = {name: value for name, value in body.items() if name != "output_config"}
    return {**rest, "output_config": told} if told else rest


def _rank(effort: JsonValue) -> int:
    return next((rank for rank, one in enumerate(EFFORTS) if one == effort), 0)
