"""Claude, through the official SDK. Answers are streamed; the throttle asks again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httpx2
from anthropic import APIStatusError, AsyncStream, BaseModel
from anthropic.types import Message, MessageTokensCount
from anthropic.types.beta import BetaRawMessageStreamEvent

from harness.errors import BadAnswer, CutShort, ModelError, ToolUnknown, Unavailable
from harness.model.patience import Patience, patience
from harness.model.refusing import translated
from harness.model.stream import Answer
from harness.model.throttle import Tell, Throttle
from harness.model.turn import Hear, Json, Request, Turn

if TYPE_CHECKING:
    from anthropic._types import RequestOptions

    from harness.model.clients import Line

_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")
_COUNTED = frozenset({
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "context_management",
})  # fmt: skip
"""What of a request its count is asked for with."""
_UNCOUNTED = frozenset({"bedrock"})
"""Providers that count nothing."""


class Claude:
    """Answers conversations. Everything that leaves goes through the throttle, which asks again.

    `takes` is told the requests that were answered after one with an unknown tool was not; `ceiling` is the longest, in
    seconds, that anything may take.
    """

    def __init__(
        self,
        line: Line,
        throttle: Throttle,
        *,
        waits: Tell,
        hears: Hear,
        takes: Callable[[Request], None] = lambda _: None,
        ceiling: float | None = None,
    ) -> None:
        self._line = line
        self._throttle = throttle
        self._waits = waits
        self._hears = hears
        self._takes = takes
        self._ceiling = ceiling
        self._steps_down = False
        self._tokens = 0  # that the last request took of the limits: the next one takes about as many

    async def turn(self, request: Request, *, patient: bool = True) -> Turn:
        """The next answer, whole. Raises ModelError; Unavailable at an overload for one who is not patient."""
        ask = self._throttle.ask
        try:
            turn = await ask(lambda: self._once(request), self._waits, tokens=self._tokens, patient=patient)
        except ToolUnknown:
            self._steps_down = True
            raise
        used = turn.usage
        self._tokens = used.input + used.cache_write_5m + used.cache_write_1h
        if self._steps_down:
            self._takes(request)
        return turn

    async def count(self, request: Request) -> int | None:
        """Tokens of input that a request has; None where that cannot be told, which is no reason to stop."""
        if self._line.provider in _UNCOUNTED:
            return None
        body = {name: value for name, value in request.body.items() if name in _COUNTED}
        options = self._options(request, patience(request.body, self._ceiling))
        try:
            async with translated(self._line):
                told = await self._line.client.post(
                    "/v1/messages/count_tokens", body=body, cast_to=MessageTokensCount, options=options
                )
        except ModelError:
            return None
        return told.input_tokens

    async def _once(self, request: Request) -> Turn:
        most = patience(request.body, self._ceiling)
        async with translated(self._line), await self._opened(request, most) as stream:
            await _must_stream(stream.response)
            try:
                async with asyncio.timeout(most.whole):
                    return await self._read(stream)
            except TimeoutError:
                raise Unavailable("timeout", f"timeout: the answer took more than {most.whole:g} s") from None

    async def _read(self, stream: AsyncStream[BetaRawMessageStreamEvent]) -> Turn:
        answer = Answer()
        async for event in stream:
            told = _json(event)
            answer.take(told)  # raises where it is no object
            if told.get("type") == "content_block_start":
                self._throttle.answered()
            self._hears(told)
        return Turn(answer.end())

    async def _opened(self, request: Request, most: Patience) -> AsyncStream[BetaRawMessageStreamEvent]:
        """The stream of an answer; what its headers say of the limits is heeded, a refusal's as well."""
        try:
            stream = await self._line.client.post(
                "/v1/messages",
                body={**request.body, "stream": True},
                cast_to=Message,
                options=self._options(request, most),
                stream=True,
                stream_cls=AsyncStream[BetaRawMessageStreamEvent],
            )
        except APIStatusError as error:
            self._throttle.heed(error.response.headers)
            raise
        self._throttle.heed(stream.response.headers)
        return stream

    def _options(self, request: Request, most: Patience) -> RequestOptions:
        betas = {"anthropic-beta": ",".join(request.betas)} if request.betas else {}
        # Waiting for one of our own connections is no fault of the API's.
        timeout = httpx2.Timeout(most.silence, connect=most.connect, pool=None)
        return {"headers": betas, "timeout": timeout}


def _json(event: object) -> Json:
    """An event as it came; one that is no object is not a model of the SDK, and goes on to be refused."""
    told = event.to_dict(mode="json", warnings=False) if isinstance(event, BaseModel) else event
    return cast("Json", told)


async def _must_stream(response: httpx2.Response) -> None:
    """Raise where something else than a stream came: a page of whoever is on the way, or nothing at all."""
    kind = response.headers.get("content-type", "")
    if not kind.startswith(_STREAMS):
        body = (await response.aread()).decode(errors="replace")
        if not body.strip():
            raise CutShort("the answer is empty; nothing was done")
        raise BadAnswer(f"no answer of the API came but {kind or 'something'}; see to api.base_url and api.proxy", body)
