"""What the server answers over HTTP: one handler a route, every refusal a JSON `Failure`.

`POST /perform` and `POST /shell` carry an id and go through the book of requests. Files have no id: a read
changes nothing, a write happens whole or not at all, so either can simply be repeated, and both end with their
connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from sandbox_image.fingerprint import wire_fingerprint
from sandbox_image.pushing import push
from sandbox_image.requests import MAX_REPLY_BYTES, Job, Requests, internal
from sandbox_image.wire import (
    BOOT_HEADER,
    EVENTS_TYPE,
    FRAME_TYPE,
    MAX_REQUEST_BYTES,
    Answer,
    Cancel,
    ErrorCode,
    Failure,
    FileInfo,
    Guest,
    Health,
    Lease,
    Listen,
    Message,
    Ok,
    Perform,
    ReadFile,
    Refused,
    Reply,
    Shell,
    Size,
    WireError,
    WriteFile,
    decode,
    encode,
    encode_frame,
)

FILE_HEADER = "harness-file"
"""Response header of a file: its `FileInfo` in JSON, percent-encoded."""
HEALTH_TIMEOUT = 30.0  # seconds
_SHELL_GRACE = 10.0  # seconds the worker has to end a command before the server ends the request
_REST_SECONDS = 30.0  # for what is left of a refused file
_ESCAPED = 6  # bytes one byte of output becomes at most, in JSON
_FRAMES = 1 << 20  # for what is around it
_STATUS = {
    ErrorCode.MALFORMED: 400,
    ErrorCode.OVERSIZED: 413,
    ErrorCode.CONFLICT: 409,
    ErrorCode.RESTARTED: 409,
    ErrorCode.CANCELLED: 409,
    ErrorCode.UNKNOWN_REQUEST: 404,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.DENIED: 403,
    ErrorCode.FILE_ERROR: 409,
    ErrorCode.DEADLINE: 503,
    ErrorCode.WORKER_LOST: 503,
    ErrorCode.DISPLAY_LOST: 503,
}

_log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class LeaseKeeper(Protocol):
    """How long the sandbox lives."""

    def renew(self, seconds: float) -> None:
        """Live this long from now."""

    def left(self) -> float:
        """Seconds until the end."""
        ...


def create_app(guest: Guest, *, boot: str, ready: Callable[[], Awaitable[Size]], lease: LeaseKeeper) -> Starlette:
    """The server's routes over a guest. `ready` returns the screen's size once the desktop can be used."""
    routes = _Routes(guest, boot, ready, lease)
    table: list[tuple[str, str, Handler]] = [
        ("POST", "/perform", routes.perform),
        ("POST", "/shell", routes.shell),
        ("GET", "/files", routes.read_file),
        ("PUT", "/files", routes.write_file),
        ("GET", "/health", routes.health),
        ("POST", "/lease", routes.renew),
        ("POST", "/cancel", routes.cancel),
    ]
    return Starlette(
        routes=[
            *(Route(path, _guarded(handler, boot), methods=[method]) for method, path, handler in table),
            WebSocketRoute("/events", routes.events),
        ],
        exception_handlers={HTTPException: _no_such_route},
    )


class _Routes:
    def __init__(self, guest: Guest, boot: str, ready: Callable[[], Awaitable[Size]], lease: LeaseKeeper) -> None:
        self._guest, self._boot, self._ready, self._lease = guest, boot, ready, lease
        self._requests = Requests()

    async def perform(self, request: Request) -> Response:
        message = await _message(request, Perform)
        work = self._requests.admit(message.id, encode(message), lambda: self._perform_job(message))
        return Response(await work.whole(), media_type=FRAME_TYPE)

    async def shell(self, request: Request) -> Response:
        message = await _message(request, Shell)
        work = self._requests.admit(message.id, encode(message), lambda: self._shell_job(message))
        return StreamingResponse(work.follow(), media_type=EVENTS_TYPE)

    async def read_file(self, request: Request) -> Response:
        message = decode(ReadFile, json.dumps(dict(request.query_params)).encode())
        stream = self._guest.read_file(message)
        info = await anext(stream)  # what is refused is refused before the headers go out
        if not isinstance(info, FileInfo):
            raise TypeError("a guest tells what stands at the path before it sends bytes")
        return StreamingResponse(
            _bytes_only(stream),
            media_type="application/octet-stream",
            headers={FILE_HEADER: quote(encode(info).decode())},
        )

    async def write_file(self, request: Request) -> Response:
        fields: dict[str, object] = dict(request.query_params)
        if "mode" in fields:
            fields["mode"] = _octal(str(fields["mode"]))
        if "unpack" in fields:
            fields["unpack"] = fields["unpack"] == "1" or fields["unpack"]
        message = decode(WriteFile, json.dumps(fields).encode())
        return _json(await self._guest.write_file(message, request.stream()))

    async def events(self, websocket: WebSocket) -> None:
        try:
            _check_boot(websocket.headers.get(BOOT_HEADER, self._boot), self._boot)
            message = decode(Listen, websocket.query_params.get("listen", "").encode())
        except Refused as refused:
            await websocket.send_denial_response(_answer(refused.failure))
        except WireError as error:
            await websocket.send_denial_response(_answer(Failure(code=ErrorCode.MALFORMED, message=f"listen: {error}")))
        else:
            await push(websocket, self._guest.events(message))

    async def health(self, request: Request) -> Response:
        seconds = _seconds(request.query_params.get("timeout", str(HEALTH_TIMEOUT)))
        try:
            async with asyncio.timeout(seconds):
                screen = await self._ready()
        except TimeoutError:
            raise Refused(ErrorCode.DEADLINE, f"the desktop is not ready after {seconds:g} s") from None
        return _json(Health(boot=self._boot, wire=wire_fingerprint(), screen=screen, lease_s=self._lease.left()))

    async def renew(self, request: Request) -> Response:
        self._lease.renew((await _message(request, Lease)).seconds)
        return _json(Ok())

    async def cancel(self, request: Request) -> Response:
        await self._requests.cancel((await _message(request, Cancel)).id)
        return _json(Ok())

    def _perform_job(self, message: Perform) -> Job:
        started = time.monotonic()

        async def pieces() -> AsyncGenerator[bytes]:
            yield encode_frame(await self._guest.perform(message))

        def told(failure: Failure) -> bytes:
            took_ms = (time.monotonic() - started) * 1000
            return encode_frame(Answer(Reply(id=message.id, failure=failure, took_ms=took_ms), b""))

        return Job(pieces, message.deadline_ms / 1000, told)

    def _shell_job(self, message: Shell) -> Job:
        async def pieces() -> AsyncGenerator[bytes]:
            async with _closing(self._guest.shell(message)) as events:
                async for event in events:
                    yield _line(event)

        limit = min(_ESCAPED * message.max_output + _FRAMES, _ESCAPED * MAX_REPLY_BYTES)
        return Job(pieces, message.timeout_ms / 1000 + _SHELL_GRACE, _line, limit)


def _guarded(handler: Handler, boot: str) -> Handler:
    """The handler, refusing hosts that mean another instance; whatever it raises is answered as a `Failure`."""

    async def guarded(request: Request) -> Response:
        try:
            _check_boot(request.headers.get(BOOT_HEADER, boot), boot)
            return await handler(request)
        except Refused as refused:
            return await _refusal(request, refused.failure)
        except WireError as error:
            return await _refusal(request, Failure(code=ErrorCode.MALFORMED, message=str(error)))
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Exception:  # noqa: BLE001 - a bug in one request is answered and logged, and ends no other
            _log.exception("%s %s failed in a way nobody foresaw", request.method, request.url.path)
            return await _refusal(request, internal())

    return guarded


def _check_boot(meant: str, boot: str) -> None:
    if meant != boot:
        raise Refused(
            ErrorCode.RESTARTED,
            f"the server started anew: it is {boot}, the request means {meant}; what was under way may or may not"
            " have happened, so look at the screen before going on",
        )


async def _refusal(request: Request, failure: Failure) -> Response:
    response = _answer(failure)
    if request.method == "PUT":
        await _drop_rest(request)
    if request.method == "PUT" or failure.code is ErrorCode.OVERSIZED:
        response.headers["connection"] = "close"  # there may be more of the body
    return response


def _answer(failure: Failure) -> Response:
    return _json(failure, _STATUS.get(failure.code, 500))


async def _drop_rest(request: Request) -> None:
    """Read on for a while: closing with content unread could lose the answer on its way."""
    with suppress(ClientDisconnect, TimeoutError, RuntimeError):  # the last: it was read to its end already
        async with asyncio.timeout(_REST_SECONDS):
            async for _ in request.stream():
                pass


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    message = f"this wire has no {request.method} {request.url.path}"
    return _json(Failure(code=ErrorCode.MALFORMED, message=message), status)


async def _message(request: Request, kind: type[M]) -> M:
    """The request's body as a message; a body that is too long is refused before it is read."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > MAX_REQUEST_BYTES:
        raise _oversized(announced)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_REQUEST_BYTES:
            raise _oversized(f"more than {MAX_REQUEST_BYTES}")
    return decode(kind, bytes(body))


async def _bytes_only(stream: AsyncIterator[FileInfo | bytes]) -> AsyncGenerator[bytes]:
    async with _closing(stream) as items:
        async for item in items:
            if isinstance(item, bytes):
                yield item


@asynccontextmanager
async def _closing(stream: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T]]:
    """End the guest's work with whoever listens to it."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def _json(message: Message, status: int = 200) -> Response:
    return Response(encode(message), status, media_type="application/json")


def _line(event: Message) -> bytes:
    return encode(event) + b"\n"


def _oversized(found: str) -> Refused:
    return Refused(ErrorCode.OVERSIZED, f"a request has at most {MAX_REQUEST_BYTES} bytes; this one has {found}")


def _octal(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise WireError(f"mode: not an octal number (found {text!r})") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:  # noqa: PLR2004 - an hour; also refuses nan
        raise WireError(f"timeout: seconds from 0 to 3600 (found {text!r})")
    return seconds
