"""Claude, through the official SDK, which only this module opens. Answers are streamed; the throttle asks again."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import httpx2
from anthropic import AnthropicError, APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncStream
from anthropic.types import Message, MessageTokensCount
from anthropic.types.beta import BetaRawMessageStreamEvent

from harness.errors import (
    BadAnswer,
    CutShort,
    ModelError,
    NotAllowed,
    PictureTooLarge,
    Rejected,
    RequestTooLarge,
    ToolUnknown,
    Unavailable,
)
from harness.model.stream import Answer
from harness.model.throttle import OVERLOADED, Tell, Throttle
from harness.model.turn import Hear, Json, Request, Turn

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, AsyncAnthropicBedrock, AsyncAnthropicFoundry, AsyncAnthropicVertex
    from anthropic._types import RequestOptions

    from harness.model.catalog import Provider

    Client: TypeAlias = AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicFoundry | AsyncAnthropicVertex

_KINDS = {"rate_limit_error": "rate limit", "overloaded_error": OVERLOADED, "timeout_error": "timeout"}
_ANSWERING = frozenset({"max_tokens", "stream"})
"""What a request says of its answer; to count it takes the rest."""
_PASSING = frozenset({408, 409, 429})
_SERVER = 500
_ADVICE = {
    401: "set ANTHROPIC_API_KEY to a key that is valid",
    402: "the account has no credit, or its spending limit is reached",
    403: "the key may not use this; ask whoever gave it, or set ANTHROPIC_API_KEY to another",
}


def client(provider: Provider) -> Client:
    """The SDK's client, set up by its own environment variables. Its own retries are off: the throttle's are enough."""
    import anthropic  # noqa: PLC0415 - clients of other providers need more libraries

    match provider:
        case "anthropic":
            return anthropic.AsyncAnthropic(max_retries=0)
        case "bedrock":
            return anthropic.AsyncAnthropicBedrock(max_retries=0)
        case "vertex":
            return anthropic.AsyncAnthropicVertex(max_retries=0)
        case "foundry":
            return anthropic.AsyncAnthropicFoundry(max_retries=0)


class Claude:
    """Answers conversations. Everything that leaves goes through the throttle, which asks again."""

    def __init__(self, client: Client, throttle: Throttle, *, waits: Tell, hears: Hear) -> None:
        self._client = client
        self._throttle = throttle
        self._waits = waits
        self._hears = hears

    async def turn(self, request: Request) -> Turn:
        """The next answer, whole. Raises ModelError."""
        return await self._throttle.ask(lambda: self._once(request), self._waits)

    async def count(self, request: Request) -> int | None:
        """Tokens of a request; None where the provider does not count, or not now."""
        body = {name: value for name, value in request.body.items() if name not in _ANSWERING}
        try:
            counted = await self._client.post(
                "/v1/messages/count_tokens", body=body, cast_to=MessageTokensCount, options=_headers(request)
            )
        except AnthropicError:
            return None
        return counted.input_tokens

    async def _once(self, request: Request) -> Turn:
        answer = Answer()
        async with _translated(), await self._opened(request) as stream:
            self._throttle.heed(stream.response.headers)
            async for event in stream:
                told = cast("Json", event.to_dict(mode="json", warnings=False))
                answer.take(told)
                self._hears(told)
        return Turn(answer.end())

    async def _opened(self, request: Request) -> AsyncStream[BetaRawMessageStreamEvent]:
        """The stream of an answer."""
        return await self._client.post(
            "/v1/messages",
            body={**request.body, "stream": True},
            cast_to=Message,
            options=_headers(request),
            stream=True,
            stream_cls=AsyncStream[BetaRawMessageStreamEvent],
        )


def _headers(request: Request) -> RequestOptions:
    return {"headers": {"anthropic-beta": ",".join(request.betas)}} if request.betas else {}


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    """Raise the SDK's errors as ours."""
    try:
        yield
    except APIStatusError as error:
        raise _status(error) from None
    except APITimeoutError as error:
        raise Unavailable("timeout", f"the API did not answer in time ({error})") from None
    except APIConnectionError as error:
        raise Unavailable("connection", f"the API cannot be reached ({error.__cause__ or error})") from None
    except APIError as error:
        raise BadAnswer(f"the API's answer is not as documented ({error.message})", str(error.body)) from None
    except httpx2.HTTPError as error:  # the SDK passes on as it is what happens to a connection in mid stream
        raise CutShort(f"the answer broke off ({error!r}); nothing of it was done") from None
    except json.JSONDecodeError as error:
        raise BadAnswer("the API's answer is no JSON", error.doc) from None


def _status(error: APIStatusError) -> ModelError:
    """What a status means. An error inside a stream has the status 200, so its kind goes first."""
    told, kind, status = error.api_message or error.message, error.type or "", error.status_code
    if kind in _KINDS or status in _PASSING or status >= _SERVER:
        again = error.response.headers.get("x-should-retry") != "false"
        name = _KINDS.get(kind) or (OVERLOADED if status == 529 else f"status {status}")  # noqa: PLR2004 - the API's own
        return Unavailable(name, f"{name}: {told}", after=_retry_after(error.response.headers), again=again)
    if status in _ADVICE:
        return NotAllowed(f"the API refuses the key ({status}): {told}; {_ADVICE[status]}")
    if status == 413 or "prompt is too long" in told:  # noqa: PLR2004 - content too large
        return RequestTooLarge(f"the request is larger than the API takes: {told}")
    if error.error_code == "image_dimensions_too_large":
        details: Any = error.details
        return PictureTooLarge(
            told, getattr(details, "max_side_length_pixels", None), getattr(details, "paths", None) or []
        )
    if "tools." in told or "tool type" in told:
        return ToolUnknown(f"the model does not take a tool: {told}")
    return Rejected(f"the API refuses the request ({status} {kind}): {told}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, as the SDK reads them: milliseconds, seconds or a date."""
    try:
        if (told := headers.get("retry-after-ms")) is not None:
            return float(told) / 1000
        if (told := headers.get("retry-after")) is not None:
            return float(told)
    except ValueError:
        pass
    return None
