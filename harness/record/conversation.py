"""The conversation of a run on disk: `messages.jsonl`, from which every request can be built again, to the byte.

A line for each question says what differs from the one before; a line for its answer holds that as it came. The
question is written before it is asked, so that what was done until then is not lost with the process. Pictures lie in
`frames/`, and are named by their hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from harness.errors import BadAnswer, ModelError, UsageError
from harness.model.turn import Counts, Model, Request, Turn
from harness.record.disk import compact, lines
from harness.record.folder import RunFolder
from harness.record.pictures import Pictures
from harness.tools.call import Json

NAME = "messages.jsonl"
MESSAGES = "messages"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))  # noqa: TID251 - a log is for people


class Asked(_Line):
    """A question, as it differs from the one before.

    `sha256` is that of its body, pictures by their hashes, as `canonical` writes it: with the pictures, which those
    hashes vouch for, it would take longer with each turn.
    """

    kind: Literal["asked"] = "asked"
    set: Json
    removed: tuple[str, ...]
    kept: int  # messages from the beginning that are the same
    messages: list[JsonValue]  # what follows them
    betas: tuple[str, ...]
    sha256: str


class Answered(_Line):
    """The answer, as it came."""

    kind: Literal["answered"] = "answered"
    message: Json


class Refused(_Line):
    """There was no answer, and why; with what came in its place, where that was not as documented."""

    kind: Literal["refused"] = "refused"
    error: str
    told: str
    body: str | None = None


_LINE: TypeAdapter[Asked | Answered | Refused] = TypeAdapter(
    Annotated[Asked | Answered | Refused, Field(discriminator="kind")]
)
Ending: TypeAlias = Answered | Refused | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, and its answer where there was one."""

    request: Request
    sha256: str
    turn: Turn | None
    error: str  # why there was none, as far as that is known
    whole: bool  # whether the body is the one that was asked; not where a picture of it has gone

    @property
    def messages(self) -> list[Json]:
        """The conversation up to the question, without the marks for the cache, which every request sets anew."""
        told = self.request.body[MESSAGES]
        assert isinstance(told, list)  # noqa: S101 - as it was written
        return [_unmarked(message) for message in told if isinstance(message, dict)]


class Recorded:
    """A model whose conversation is written into the folder of a run, and goes on there if one was begun."""

    def __init__(self, model: Model, folder: RunFolder) -> None:
        self._model = model
        self._log = folder.messages
        self._pictures = Pictures(folder.path)
        self._told = _Told()
        for asked, _ in _exchanged(folder.path):
            self._told.take(asked)

    async def turn(self, request: Request) -> Turn:
        """The model's own answer. Raises what the model raises."""
        self._write(self._told.asked(request, self._pictures))
        try:
            turn = await self._model.turn(request)
        except ModelError as error:
            body = error.body if isinstance(error, BadAnswer) else None
            self._write(Refused(error=type(error).__name__, told=str(error), body=body))
            raise
        self._write(Answered(message=turn.message))
        return turn

    async def count(self, request: Request) -> int | None:
        """As the model counts, where it does; nothing of it is written."""
        return await self._model.count(request) if isinstance(self._model, Counts) else None

    def _write(self, line: _Line) -> None:
        self._log.write(_text({**line.model_dump(), "at": line.at.isoformat()}))


def exchanges(run: Path) -> Iterator[Exchange]:
    """Questions and answers of a run's folder, in order; a line that was cut off by a crash is left out."""
    told = _Told()
    for asked, ending in _exchanged(run):
        told.take(asked)
        yield told.exchange(asked, ending, Pictures(run))


def last_exchange(run: Path) -> Exchange | None:
    """The last question and what became of it; None where nothing was asked.

    Raises UsageError where it cannot be built again, since a picture of it is gone.
    """
    told, last = _Told(), None
    for asked, ending in _exchanged(run):
        told.take(asked)
        last = asked, ending
    found = told.exchange(*last, Pictures(run)) if last else None
    if found and not found.whole:
        raise UsageError(f"{run}: the conversation cannot be built again, since pictures are missing in frames/")
    return found


def canonical(body: JsonValue) -> bytes:
    """JSON as it is hashed: ASCII, names in order, no space. What is equal as JSON is the same here."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(body: Json) -> str:
    """SHA-256 of a request's body, in hexadecimal."""
    return sha256(canonical(body)).hexdigest()


@dataclass(slots=True)
class _Told:
    """The last question, its pictures taken out; by its JSON, since `1 == True` in Python."""

    parameters: dict[str, bytes] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)

    def asked(self, request: Request, pictures: Pictures) -> Asked:
        """The next question, as it differs."""
        body = pictures.taken_out(request.body)
        assert isinstance(body, dict)  # noqa: S101 - as it was
        whole = fingerprint(body)
        messages = body.pop(MESSAGES, [])
        assert isinstance(messages, list)  # noqa: S101 - a conversation is a list of messages
        kept = _alike(self.messages, [_text(message) for message in messages])
        line = Asked(
            set={name: value for name, value in body.items() if self.parameters.get(name) != _text(value)},
            removed=tuple(name for name in self.parameters if name not in body),
            kept=kept,
            messages=messages[kept:],
            betas=request.betas,
            sha256=whole,
        )
        self.take(line)
        return line

    def take(self, asked: Asked) -> None:
        """Be what a line says."""
        for name in asked.removed:
            del self.parameters[name]
        self.parameters |= {name: _text(value) for name, value in asked.set.items()}
        self.messages[asked.kept :] = [_text(message) for message in asked.messages]

    def exchange(self, asked: Asked, ending: Ending, pictures: Pictures) -> Exchange:
        """What was asked, its pictures put back, and what came of it."""
        body = {name: json.loads(value) for name, value in self.parameters.items()}
        body[MESSAGES] = [json.loads(message) for message in self.messages]
        turn = Turn(ending.message) if isinstance(ending, Answered) else None
        error = ending.told if isinstance(ending, Refused) else ""
        same = fingerprint(body) == asked.sha256
        put_back = {name: pictures.put_back(value) for name, value in body.items()}
        return Exchange(Request(put_back, asked.betas), asked.sha256, turn, error, same and not pictures.missing)


def _exchanged(run: Path) -> Iterator[tuple[Asked, Ending]]:
    """Each question with what came of it; None where nothing did."""
    asked: Asked | None = None
    for line in _lines(run):
        if isinstance(line, Asked):
            if asked:
                yield asked, None
            asked = line
        elif asked:
            yield asked, line
            asked = None
    if asked:
        yield asked, None


def _lines(run: Path) -> Iterator[Asked | Answered | Refused]:
    for line in lines(run / NAME):
        try:
            told = json.loads(line)
            yield _LINE.validate_python({**told, "at": datetime.fromisoformat(told["at"])})
        except (ValueError, ValidationError):
            return


def _alike(before: list[bytes], now: list[bytes]) -> int:
    """How many messages are the same from the beginning."""
    for index, (one, other) in enumerate(zip(before, now, strict=False)):
        if one != other:
            return index
    return min(len(before), len(now))


def _unmarked(message: Json) -> Json:
    content = message.get("content")
    if message.get("role") != "user" or not isinstance(content, list):
        return message
    return {**message, "content": [_without_mark(block) if isinstance(block, dict) else block for block in content]}


def _without_mark(block: Json) -> Json:
    return {name: value for name, value in block.items() if name != "cache_control"}


def _text(value: JsonValue) -> bytes:
    return compact(value, "surrogatepass")
