"""The stand-in for the Messages API: strict, with memory and a cache, on a loopback port."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.api.access import BINDING, denied, deprecated_betas
from tests.support.api.caching import PromptCache, Usage
from tests.support.api.editing import edited, total_tokens
from tests.support.api.frames import frames
from tests.support.api.judging import Judgement, judge
from tests.support.api.keeping import Memory
from tests.support.api.marks import units
from tests.support.api.models import MODELS, Model
from tests.support.api.playing import (
    BadDay,
    Cut,
    Fault,
    Policy,
    Raw,
    Refuse,
    Reply,
    Script,
    ScriptIsOver,
    Turn,
)
from tests.support.api.problems import Json, Problem, Violation
from tests.support.api.reading import Request
from tests.support.api.receiving import Arrived, receive
from tests.support.api.sending import BREAKING, OF_STREAMS, Ends, altered, held, sent
from tests.support.api.shapes import Asked, Counted
from tests.support.api.speaking import message_of, output_tokens, spoken
from tests.support.api.wire import Listener, Wire

ORGANIZATION = "00000000-0000-0000-0000-000000000000"


@dataclass
class StandIn:
    """What a test sees of the server.

    Requests for turns that have the documented shape are in `requests`, those for token counts in `counted`, names of
    models that were looked up in `looked_up`. `usage` has one entry for each turn that was begun. `notes` tells what
    the API does without a word: pictures made smaller, marks without effect, thoughts dropped.
    """

    policy: Policy
    bad_days: Mapping[int, BadDay]
    models: Mapping[str, Model]
    cache: PromptCache
    headers: Mapping[str, str]
    keys: frozenset[str] | None
    seed: int
    drops: bool
    thinks: bool
    memory: Memory = field(default_factory=Memory)
    requests: list[Request] = field(default_factory=list)
    counted: list[Request] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    listener: Listener = field(init=False)
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _wire: Wire | None = None
    _numbers: int = 0
    _turns: int = 0

    def __post_init__(self) -> None:
        self.listener = Listener(_app(self))

    @property
    def url(self) -> str:
        """What a client takes as its base address."""
        return f"http://127.0.0.1:{self.listener.port}"

    @property
    def reply_bytes(self) -> int:
        """How long the last turn was on the wire, its head included."""
        return self._wire.written if self._wire else 0

    def away(self) -> AbstractAsyncContextManager[None]:
        """Refuse connections for as long as the block runs."""
        return self.listener.away()

    async def end(self) -> None:
        """End, also what is under way."""
        self._ending.set()
        await self.listener.stop()

    # --- turns ---------------------------------------------------------------------------------------------------

    async def create(self, incoming: Incoming) -> Response:
        """Answer `POST /v1/messages`."""
        number, day = self._next(turn=True)
        request = await self._receive(incoming, Asked, number)
        if isinstance(request, Response):
            return request
        self.requests.append(request)
        judgement = judge(request, self.memory, drops=self.drops)
        self.notes += [*judgement.notes, *deprecated_betas(request.betas, counting=False)]
        if judgement.problems:
            return self._refused(number, judgement.problems)
        reply = day if isinstance(day, Refuse | Raw) else await self._played(request, _faults(day))
        if isinstance(reply, Refuse | Raw):
            return self._plain(reply, number)
        wire = self._wire = self.listener.wires.of(incoming.scope)
        wire.begin(next((fault for fault in reply.faults if isinstance(fault, Cut)), None))
        ends = Ends(self._ending, wire.lost)
        await held(reply.faults, -1, ends)
        return self._turn(reply, request, judgement, ends)

    async def _played(self, request: Request, faults: tuple[Fault, ...]) -> Reply:
        """What the policy says to the request, with what the day does to it."""
        if isinstance(request.asked, Asked) and request.asked.max_tokens == 0:
            return Turn([], "max_tokens")
        try:
            reply = await self.policy(request)
        except ScriptIsOver:
            return self._failed(request, "the script is over")
        except Exception as error:  # noqa: BLE001 - the client could not tell what is wrong with a policy
            return self._failed(request, f"the policy failed: {error!r}")
        if isinstance(self.policy, Script) and any(isinstance(fault, BREAKING) for fault in faults):
            self.policy.again()
        return reply.badly(*faults) if isinstance(reply, Turn) else reply

    def _failed(self, request: Request, words: str) -> Refuse:
        self.violations.append(Violation(request.number, Problem("", words)))
        return Refuse(500, words, should_retry=False)

    def _turn(self, turn: Turn, request: Request, judgement: Judgement, ends: Ends) -> Response:
        shown = edited(request, judgement.shown)
        if (tokens := total_tokens(shown.body, request.model)) > request.model.window:
            most = request.model.window
            return self._refused(request.number, [Problem("", f"prompt is too long: {tokens} tokens > {most} maximum")])
        usage, idle = self.cache.count(units(shown.body), request.model)
        self.notes += idle
        content = spoken(turn, request, request.number, thinks=self.thinks)
        output, thinking = output_tokens(turn, content, request.model)
        usage = replace(usage, output=output, thinking=thinking)
        self.usage.append(usage)
        extra: Json = {}
        if request.beta and request.asked.context_management is not None:
            extra["context_management"] = {"applied_edits": shown.applied}
        if request.beta and BINDING in request.betas:
            extra["input_transformations"] = judgement.dropped
        message = message_of(turn, content, request, usage.json, extra)
        self.memory.keep(request.body, content, turn.reason)
        return self._sent(message, turn, request, ends)

    def _sent(self, message: Json, turn: Turn, request: Request, ends: Ends) -> Response:
        headers = {**self._head(request.number), **turn.headers}
        # A request that is sent again is answered in the same pieces.
        chance = Random(f"{self.seed}/{len(request.turns)}")  # noqa: S311 - nothing secret
        if request.streams:
            events = altered(list(frames(message, chance)), turn.faults)
            stream = sent([event.raw for event in events], turn.faults, chance, ends)
            return StreamingResponse(stream, headers={**headers, "content-type": "text/event-stream; charset=utf-8"})
        if any(isinstance(fault, OF_STREAMS) for fault in turn.faults):
            return self._refused(request.number, [Problem("stream", "this bad day is one of streams", status=500)])
        body = json.dumps(message, ensure_ascii=False).encode()
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
        return StreamingResponse(sent([body], turn.faults, chance, ends), headers=headers)

    # --- counts and models ---------------------------------------------------------------------------------------

    async def count(self, incoming: Incoming) -> Response:
        """Answer `POST /v1/messages/count_tokens`."""
        number, _ = self._next(turn=False)
        request = await self._receive(incoming, Counted, number)
        if isinstance(request, Response):
            return request
        self.counted.append(request)
        judgement = judge(request, self.memory, drops=self.drops)
        self.notes += deprecated_betas(request.betas, counting=True)
        if judgement.problems:
            return self._refused(number, judgement.problems)
        shown = edited(request, judgement.shown)
        told: Json = {"input_tokens": total_tokens(shown.body, request.model)}
        if request.beta and request.asked.context_management is not None:
            told["context_management"] = {"original_input_tokens": total_tokens(judgement.shown, request.model)}
        return JSONResponse(told, headers=self._head(number))

    async def list_models(self, incoming: Incoming) -> Response:
        """Answer `GET /v1/models`."""
        number, _ = self._next(turn=False)
        if refused := list(denied(incoming.headers, self.keys)):
            return self._refused(number, refused)
        query, names = incoming.query_params, list(self.models)
        start = names.index(query["after_id"]) + 1 if "after_id" in query else 0
        page = names[start : start + int(query.get("limit", "20"))]
        more = start + len(page) < len(names)
        ends = {"first_id": page[0], "last_id": page[-1]} if page else {"first_id": None, "last_id": None}
        listed = {"data": [self.models[name].info for name in page], "has_more": more, **ends}
        return JSONResponse(listed, headers=self._head(number))

    async def one_model(self, incoming: Incoming) -> Response:
        """Answer `GET /v1/models/{id}`."""
        number, _ = self._next(turn=False)
        if refused := list(denied(incoming.headers, self.keys)):
            return self._refused(number, refused)
        name = incoming.path_params["name"]
        self.looked_up.append(name)
        if name not in self.models:
            return self._plain(Refuse(404, f"model: {name}"), number)
        return JSONResponse(self.models[name].info, headers=self._head(number))

    # --- all of them ---------------------------------------------------------------------------------------------

    def _next(self, *, turn: bool) -> tuple[int, BadDay | None]:
        """The number of a request, and what the day is like if it is one for a turn."""
        number, self._numbers = self._numbers, self._numbers + 1
        if not turn:
            return number, None
        at, self._turns = self._turns, self._turns + 1
        return number, self.bad_days.get(at)

    async def _receive(self, incoming: Incoming, shape: type[Counted], number: int) -> Request | Response:
        arrived = Arrived(number, dict(incoming.headers), await incoming.body())
        received = receive(arrived, shape, self.models, keys=self.keys, knows=self.memory.knows)
        return received if isinstance(received, Request) else self._refused(number, received)

    def _refused(self, number: int, problems: Sequence[Problem]) -> Response:
        self.violations += [Violation(number, problem) for problem in problems]
        first = problems[0]
        return JSONResponse(first.envelope(f"req_{number:06}"), first.status, headers=self._head(number))

    def _plain(self, reply: Refuse | Raw, number: int) -> Response:
        if isinstance(reply, Raw):
            return Response(reply.body, headers=self._head(number), media_type=reply.content_type)
        headers = {**self._head(number), **reply.all_headers}
        if reply.body is not None:
            return Response(reply.body, reply.status, headers=headers)
        return JSONResponse(reply.envelope(f"req_{number:06}"), reply.status, headers=headers)

    def _head(self, number: int) -> dict[str, str]:
        date = format_datetime(datetime.now(UTC), usegmt=True)  # noqa: TID251 - the header is a date
        head = {"date": date, "request-id": f"req_{number:06}", "anthropic-organization-id": ORGANIZATION}
        return {**head, **self.headers}


def _faults(day: BadDay | None) -> tuple[Fault, ...]:
    if day is None or isinstance(day, Refuse | Raw):
        return ()
    return day if isinstance(day, tuple) else (day,)


def _app(api: StandIn) -> Starlette:
    async def lost(incoming: Incoming, error: Exception) -> Response:  # noqa: ARG001 - as it is called
        return JSONResponse(Problem("", f"no such path: {incoming.url.path}", 404).envelope("req_0"), 404)

    routes: Mapping[Any, Any] = {404: lost, 405: lost}
    return Starlette(
        routes=[
            Route("/v1/messages", api.create, methods=["POST"]),
            Route("/v1/messages/count_tokens", api.count, methods=["POST"]),
            Route("/v1/models", api.list_models),
            Route("/v1/models/{name}", api.one_model),
        ],
        exception_handlers=routes,
    )


@asynccontextmanager
async def stand_in(
    play: Policy | Sequence[Reply],
    *,
    bad_days: Mapping[int, BadDay] | None = None,
    models: Mapping[str, Model] | None = None,
    clock: Callable[[], float] = time.monotonic,
    headers: Mapping[str, str] | None = None,
    keys: Sequence[str] | None = None,
    drops: bool = False,
    thinks: bool = True,
    seed: int = 0,
) -> AsyncIterator[StandIn]:
    """Run the stand-in over a policy, or a script of replies that are played one after another.

    `bad_days` says what happens at which request for a turn, counted from 0: it is answered with a refusal or raw
    bytes, and the policy is not asked, or its turn is played badly, and a script goes on with the same turn again.
    `models` are added to the known ones. `headers` come with every reply. `keys` are those let in, all if None. `drops`
    says that thoughts out of place are dropped instead of refused, `thinks` that turns get a thought where the request
    has the model think. `seed` decides where streams are cut into pieces.
    """
    api = StandIn(
        policy=play if callable(play) else Script(play),
        bad_days=bad_days or {},
        models={**(models or {}), **MODELS, **(models or {})},
        cache=PromptCache(clock),
        headers=headers or {},
        keys=None if keys is None else frozenset(keys),
        seed=seed,
        drops=drops,
        thinks=thinks,
    )
    await api.listener.start()
    try:
        yield api
    finally:
        await api.end()
