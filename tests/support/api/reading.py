"""A request as it came, and as the rules and a policy want to see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tests.support.api.problems import Json, Problem
from tests.support.api.shapes import Asked, Counted, Toolset, ZoomingComputer
from tests.support.api.shapes import Computer as OldComputer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.api.models import Model
    from tests.support.api.pictures import Picture

GONE = ("temperature", "top_p", "top_k")
Computer = OldComputer | ZoomingComputer | Toolset


@dataclass(frozen=True)
class Request:
    """One request that has the documented shape.

    `body` is what was sent. `asked` is the same, read; in it a block that only this server knows is a `Foreign`.
    """

    number: int
    headers: Mapping[str, str]
    betas: frozenset[str]
    body: Json
    asked: Counted
    model: Model
    pictures: tuple[Picture, ...]

    @property
    def beta(self) -> bool:
        """Whether the request is one of the beta namespace, which is told by its header alone."""
        return bool(self.betas)

    @property
    def streams(self) -> bool:
        """Whether the answer is to be a stream."""
        return isinstance(self.asked, Asked) and self.asked.stream

    @property
    def turns(self) -> list[Json]:
        """The messages as they were sent."""
        messages: list[Json] = self.body["messages"]
        return messages

    @property
    def computer(self) -> Computer | None:
        """The computer tool that was declared."""
        return next((tool for tool in self.asked.tools if isinstance(tool, OldComputer | Toolset)), None)

    @property
    def results(self) -> list[Json]:
        """The results in the last message."""
        return [block for block in blocks(self.turns[-1]) if block["type"] == "tool_result"]

    @property
    def thinks(self) -> bool:
        """Whether the model thinks before it answers."""
        form = self.asked.thinking
        return self.model.thinks_by_itself if form is None else form.type in {"adaptive", "enabled"}


def blocks(message: Json) -> list[Json]:
    """The content of a message, a string as the one block it stands for."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def system_blocks(body: Json) -> list[Json]:
    """The system prompt, a string as the one block it stands for."""
    return blocks({"content": body["system"]}) if body.get("system") else []


def canonical(value: Any) -> str:
    """The same text for equal JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def unmarked(value: Any) -> Any:
    """Without marks of the cache, which may be set and moved at will."""
    if isinstance(value, dict):
        # What a model or a user put into an input is theirs, whatever it is called.
        return {k: v if k == "input" else unmarked(v) for k, v in value.items() if k != "cache_control"}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def read(body: Any, shape: type[Counted], knows: Callable[[Json], bool]) -> Counted | list[Problem]:
    """The request, or what is wrong with its fields. `knows` tells whether a block was sent by this server."""
    if not isinstance(body, dict):
        return [Problem("", "the body must be a JSON object")]
    gone = [Problem(name, f"{name} is not supported by this version of the API. Remove it.") for name in GONE]
    problems = [problem for problem in gone if problem.path in body]
    body = {name: value for name, value in body.items() if name not in GONE}
    try:
        asked = shape.model_validate(_with_foreign(body, knows))
    except ValidationError as error:
        return problems + [_problem(body, one["loc"], one["msg"], one["type"]) for one in error.errors()]
    return problems or asked


def _with_foreign(body: Json, knows: Callable[[Json], bool]) -> Json:
    """With a stand-in for each block of a type of no shape that this server sent itself."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    return {**body, "messages": [_foreign_in(message, knows) for message in messages]}


def _foreign_in(message: Any, knows: Callable[[Json], bool]) -> Any:
    content = message.get("content") if isinstance(message, dict) and message.get("role") == "assistant" else None
    if not isinstance(content, list):
        return message
    known = {"text", "tool_use", "thinking", "redacted_thinking"}
    foreign = [
        {"type": "foreign"} if isinstance(b, dict) and b.get("type") not in known and knows(b) else b for b in content
    ]
    return {**message, "content": foreign}


def _problem(body: Json, location: tuple[int | str, ...], message: str, kind: str) -> Problem:
    path = ".".join(str(step) for step in _steps(body, location))
    return Problem(path, "Extra inputs are not permitted" if kind == "extra_forbidden" else message)


def _steps(value: Any, location: tuple[int | str, ...]) -> Iterator[int | str]:
    """The steps of a location that lead into the body; the names of alternatives in between do not."""
    for index, step in enumerate(location):
        inside: Any = value  # a name for an object, a number for a list
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            value = inside[step]
            yield step
        elif index == len(location) - 1:
            yield step
