"""What the SDK raises, as our errors: what happened, what to mend, and whether asking again may help."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx2
from anthropic import AnthropicError, APIConnectionError, APIError, APIStatusError, APITimeoutError

from harness.errors import (
    SHOWN,
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
from harness.model.clients import ACCESS
from harness.model.throttle import OVERLOADED, RATE_LIMIT

if TYPE_CHECKING:
    from harness.model.clients import Line

_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    "validationException": 400,
    "throttlingException": 429,
    "internalServerException": 500,
    "serviceUnavailableException": 503,
    "modelTimeoutException": 504,
}
"""What an error inside a stream would be as a status; those of Bedrock have names of their own."""
_KINDS = {408: "timeout", 429: RATE_LIMIT, 504: "timeout", 529: OVERLOADED}
_PASSING = frozenset({408, 409, 429})
_OK, _BAD, _SERVER = 200, 400, 500
_LOGIN = "the proxy wants a login (407): name it in the settings as api.proxy, http://USER:PASSWORD@HOST:PORT"
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_CREDENTIALS = ("botocore", "boto3", "google")
"""Libraries that find keys, and raise errors of their own where there are none."""


@asynccontextmanager
async def translated(line: Line) -> AsyncGenerator[None]:
    """Raise the SDK's errors as ours, without any secret in them."""
    try:
        yield
    except Exception as error:
        ours = _ours(error, line)
        if ours is None:
            raise
        raise ours from None


def _ours(error: Exception, line: Line) -> ModelError | None:  # noqa: C901, PLR0911 - a line for each kind
    match error:
        case APIStatusError():
            return _status(error, line)
        case APITimeoutError():
            return Unavailable("timeout", f"timeout: the API did not answer in time ({_cause(error)})")
        case APIConnectionError():
            return _unreachable(error, line)
        case APIError():
            told, body = line.hide(str(error.message)), line.hide(str(error.body))
            return BadAnswer(f"the API's answer is not as documented ({told})", body)
        case httpx2.TimeoutException():
            return Unavailable("timeout", f"timeout: the answer stopped coming ({type(error).__name__})")
        case httpx2.HTTPError():  # the SDK passes on as it is what happens to a connection in mid stream
            return CutShort(f"the answer broke off ({line.hide(repr(error))}); nothing of it was done")
        case json.JSONDecodeError():
            return BadAnswer("the API's answer is no JSON", line.hide(error.doc))
        case RecursionError():
            return BadAnswer("the API's answer nests too deeply to be read", "")
        case UnicodeDecodeError():
            return BadAnswer("the API's answer is no text", line.hide(error.object.decode(errors="replace")))
        case AnthropicError():
            return _no_credentials(error, line)
        case _:
            return _no_credentials(error, line) if _is_about_credentials(error, line) else None


def _is_about_credentials(error: Exception, line: Line) -> bool:
    """The clients of other providers look for keys when they make a request, and say so in many ways."""
    plain = isinstance(error, RuntimeError | ValueError) and line.provider != "anthropic"
    return plain or type(error).__module__.partition(".")[0] in _CREDENTIALS


def _no_credentials(error: Exception, line: Line) -> ModelError:
    return NotAllowed(
        f"{line.provider}: no request can be made ({line.hide(str(error))}); {ACCESS[line.provider].advice}"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _cause(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__


def _unreachable(error: APIConnectionError, line: Line) -> ModelError:
    """Nobody there, or somebody on the way who does not let us through."""
    host = error.request.url.host
    why = line.hide(str(error.__cause__ or error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error)):
        return Rejected(
            f"the certificate of {host} is not trusted ({why}); where a proxy or a gateway of yours answers for it, "
            "name its certificates as api.ca_bundle in the settings"
        )
    if isinstance(error.__cause__, httpx2.ProxyError):
        if "407" in why:
            return NotAllowed(_LOGIN)
        return Unavailable("connection", f"connection: the proxy does not let us through ({why}); see to api.proxy")
    if isinstance(error.__cause__, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return Rejected(f"{error.request.url} is no address of an API ({why}); see to api.base_url")
    return Unavailable("connection", f"connection: {host} cannot be reached ({why})")


def _status(error: APIStatusError, line: Line) -> ModelError:
    """What a status means. An error inside a stream has the status 200, so its kind goes first."""
    kind, status, headers = error.type or "", error.status_code, error.response.headers
    if status == _OK:
        status = _STATUS.get(kind, _SERVER)
    told = line.hide(_words(error))
    should = headers.get("x-should-retry") if error.status_code >= _BAD else None
    if should == "true" or status in _PASSING or status >= _SERVER:
        name = _KINDS.get(status, f"status {status}")
        return Unavailable(name, f"{name}: {told}", after=retry_after(headers), again=should != "false")
    if status == 407:  # noqa: PLR2004 - proxy authentication required
        return NotAllowed(_LOGIN)
    if status in (401, 402, 403):
        return NotAllowed(f"the API refuses the key ({status}): {told}; {_advice(status, line)}")
    if status < _BAD:
        place = line.hide(headers.get("location", "nowhere"))
        return Rejected(f"the API's address leads elsewhere ({status} to {place}); name the right one as api.base_url")
    return _refusal(error, status, told)


def _refusal(error: APIStatusError, status: int, told: str) -> ModelError:
    """What the API would refuse again."""
    if status == 413 or "prompt is too long" in told:  # noqa: PLR2004 - content too large
        return RequestTooLarge(f"the request is larger than the API takes: {told}")
    if error.error_code == "image_dimensions_too_large":
        details: Any = error.details
        return PictureTooLarge(
            told, getattr(details, "max_side_length_pixels", None), getattr(details, "paths", None) or []
        )
    if status == _BAD and ("computer_" in told or "computer-use-" in told):
        return ToolUnknown(f"the model does not take a tool: {told}")
    if status == 404:  # noqa: PLR2004 - not found
        advice = "see to --model; those that are known are listed by harness models"
        return Rejected(f"the API knows no such model, or nothing at this address (404): {told}; {advice}")
    return Rejected(f"the API refuses the request ({status} {error.type or ''}): {told}")


def _advice(status: int, line: Line) -> str:
    if status == 402:  # noqa: PLR2004 - payment required
        return "the account has no credit, or its spending limit is reached"
    advice = ACCESS[line.provider].advice
    return advice if status == 401 else f"it may not use this: ask whoever gave it, or {advice}"  # noqa: PLR2004


def _words(error: APIStatusError) -> str:
    """What an error says; of a page that somebody on the way put in its place, its title."""
    told = error.api_message or error.message
    if "<" in told and (title := _TITLE.search(told)):
        told = title[1]
    line = " ".join(_TAG.sub(" ", told).split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait: in milliseconds, in seconds, or until a date, by the answer's own."""
    if (told := _number(headers.get("retry-after-ms"))) is not None:
        return told / 1000
    after = headers.get("retry-after")
    if (told := _number(after)) is not None or after is None:
        return told
    try:
        seconds = (parsedate_to_datetime(after) - _date(headers)).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(seconds, 0.0)


def _date(headers: Mapping[str, str]) -> datetime:
    return parsedate_to_datetime(headers.get("date", ""))


def _number(told: str | None) -> float | None:
    try:
        number = float(told or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
