"""The wire over HTTP: a `Guest` at the host's end of a Unix socket.

A connection that drops is repeated with the same id, which the sandbox does at most once. Cancelling a task that
awaits a request ends the request in the sandbox before the cancellation goes on. Nothing that comes back is
trusted: sizes are limited while reading, types and pictures are checked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

import httpx

from harness.errors import SandboxLost, WireMismatch, from_failure
from harness.sandbox import pictures
from harness.sandbox.transport import UnixTransport
from sandbox_image.wire import (
    BOOT_HEADER,
    SHELL_EVENT,
    Answer,
    Cancel,
    ErrorCode,
    Event,
    Exit,
    Failure,
    FileInfo,
    Health,
    Lease,
    Listen,
    LiveFrame,
    Message,
    Ok,
    Output,
    Perform,
    ProgramList,
    ReadFile,
    Refused,
    Reply,
    Shell,
    WindowList,
    WireError,
    WriteFile,
    decode,
    decode_event,
    decode_frame,
    encode,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import TypeAdapter

MAX_REPLY_BYTES = 64 << 20
"""Largest reply to one `Perform`, picture included; a longer one is a WireMismatch."""
FILE_HEADER = "harness-file"
_MAX_MESSAGE = 1 << 20  # bytes of a reply that is one small message
GRACE = 15.0
"""Seconds for the way there and back, on top of what a request may take by itself."""
_STALL = 60.0  # seconds without a byte that end a file's stream
_CANCEL = 5.0  # seconds a cancelled task waits for the sandbox to let go
_ATTEMPTS = 4
_ESCAPED = 6  # bytes one byte of output becomes at most, in JSON
_DROPPED = (httpx.NetworkError, httpx.RemoteProtocolError)
_OK = 200

M = TypeVar("M")


class Client:
    """Implements `wire.Guest`. Raises SandboxLost where nobody answers, WireMismatch for what the wire does not allow.

    What the sandbox refuses is told as `wire.Guest` says: in the reply of a `Perform`, as Refused elsewhere.
    """

    def __init__(self, path: Path | str, *, grace: float = GRACE) -> None:
        self._path = str(path)
        self._grace = grace
        self._boot: str | None = None
        self._cancels: set[asyncio.Task[None]] = set()
        self._transport = UnixTransport(self._path)

    async def aclose(self) -> None:
        """Close every connection; requests under way in the sandbox go on to their end."""
        await self._transport.aclose()

    # --- wire.Guest -----------------------------------------------------------------------------------------------

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, settle, take the picture; repeated with the same id where the connection drops."""
        boot = await self._meet()
        seconds = request.deadline_ms / 1000 + self._grace
        try:
            async with self._ending(request.id):
                body = await self._exchange(
                    "POST", "/perform", request, seconds=seconds, limit=MAX_REPLY_BYTES, boot=boot
                )
        except Refused as refused:
            return Answer(Reply(id=request.id, failure=refused.failure, took_ms=0), b"")
        try:
            answer = decode_frame(body)
        except WireError as error:
            raise WireMismatch(f"/perform answered with what the wire does not allow: {error}") from None
        if answer.reply.id != request.id:
            raise WireMismatch(f"request {request.id} got the reply of {answer.reply.id}")
        pictures.check(request.picture, answer)
        return answer

    async def shell(self, request: Shell) -> AsyncGenerator[Output | Exit]:
        """Run a command; a dropped connection is taken up where it broke off."""
        boot = await self._meet()
        async with self._ending(request.id):
            end: Exit | None = None
            async with aclosing(self._events(request, boot)) as events:
                async for event in events:
                    if isinstance(event, Exit):
                        end = event  # and on to the stream's end: a stream that is left costs its connection
                    else:
                        yield event
        if end is None:
            raise WireMismatch("the shell's answer ended without saying how the command ended")
        yield end

    async def read_file(self, request: ReadFile) -> AsyncGenerator[FileInfo | bytes]:
        """What stands at the path, then its bytes. Refused(file_error) where only the stream breaks off."""
        boot, where = await self._meet(), {"path": request.path}
        try:
            async with self._request("GET", "/files", boot, seconds=_STALL, params=where) as response:
                yield _decoded(FileInfo, unquote(response.headers.get(FILE_HEADER, "")).encode(), "/files")
                async for piece in response.aiter_raw():
                    yield piece
        except _DROPPED as error:
            raise await self._broke_off(f"reading {request.path}", boot, error) from None

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write a file from pieces. Not repeated, since the pieces are gone; one that breaks off leaves nothing."""
        boot, where = await self._meet(), {"path": request.path}
        if request.mode is not None:
            where["mode"] = f"{request.mode:o}"
        if request.unpack:
            where["unpack"] = "1"
        try:
            async with self._request("PUT", "/files", boot, seconds=_STALL, params=where, content=content) as response:
                return _decoded(FileInfo, await _read(response, _MAX_MESSAGE), "/files")
        except _DROPPED as error:
            raise await self._broke_off(f"writing {request.path}", boot, error) from None

    async def events(self, request: Listen) -> AsyncGenerator[Event]:
        """Frames, lists of windows and of programs; a line that drops is taken up anew, with the newest of each."""
        from harness.sandbox import listening  # noqa: PLC0415 - its library is loaded by whoever listens

        boot, tries, dropped = await self._meet(), 0, None
        headers = {BOOT_HEADER: boot}
        while tries < _ATTEMPTS:
            tries += 1
            messages = listening.listen(self._path, request, headers, seconds=self._grace, limit=MAX_REPLY_BYTES)
            try:
                async with aclosing(messages):
                    async for message in messages:
                        yield _event(request, message)
                        tries = 0
            except listening.Dropped as error:
                dropped = error
            except listening.Denied as denied:
                raise self._refusal(denied.body, f"/events ({denied.status})") from None
        raise self._lost(dropped)

    # --- life -----------------------------------------------------------------------------------------------------

    async def health(self, timeout: float = 30.0) -> Health:  # noqa: ASYNC109 - the sandbox does the waiting
        """Wait until the desktop can be used and tell who answers; requests after it mean that server instance."""
        with _raised():
            body = await self._exchange("GET", f"/health?timeout={timeout:g}", None, seconds=timeout + self._grace)
        health = _decoded(Health, body, "/health")
        self._boot = health.boot
        return health

    async def renew(self, seconds: float) -> None:
        """Keep the sandbox for so many seconds from now."""
        with _raised():
            await self._tell("/lease", Lease(seconds=seconds))

    async def cancel(self, request_id: str) -> None:
        """End a running request; returns when it has released what it held. ActionFailed where none runs."""
        with _raised():
            await self._tell("/cancel", Cancel(id=request_id))

    # --- one exchange ---------------------------------------------------------------------------------------------

    async def _meet(self) -> str:
        """The server instance that requests mean; asked for once, so that a later one is told from it.

        A request means the same one however often it is repeated: a later one does not know its id and would do it
        a second time. Leases and cancels mean whoever is there.
        """
        return self._boot or (await self.health()).boot

    async def _tell(self, path: str, message: Message) -> None:
        _decoded(Ok, await self._exchange("POST", path, message, seconds=self._grace), path)

    async def _exchange(
        self,
        method: str,
        path: str,
        message: Message | None,
        *,
        seconds: float,
        limit: int = _MAX_MESSAGE,
        boot: str | None = None,
    ) -> bytes:
        """The whole body of the answer, asking again where the connection drops."""
        content = encode(message) if message else None
        dropped: Exception | None = None
        try:
            async with asyncio.timeout(seconds):
                for _ in range(_ATTEMPTS):
                    try:
                        async with self._request(method, path, boot, seconds=seconds, content=content) as response:
                            return await _read(response, limit)
                    except _DROPPED as error:
                        dropped = error
        except TimeoutError as error:
            dropped = error
        raise self._lost(dropped)

    async def _broke_off(self, doing: str, boot: str, error: Exception) -> Refused:
        """The refusal for a stream that dropped. Raises what happened instead where its server is gone."""
        await self._exchange("GET", "/health", None, seconds=self._grace, boot=boot)
        return Refused(ErrorCode.FILE_ERROR, f"{doing} broke off ({error!r}); the sandbox's log says why; ask again")

    async def _events(self, request: Shell, boot: str) -> AsyncGenerator[Output | Exit]:
        """The events of a command, each once, asking again where the connection drops."""
        seen, dropped = 0, None
        for _ in range(_ATTEMPTS):
            skip = seen
            try:
                async with aclosing(self._events_once(request, boot)) as events:
                    async for event in events:
                        if skip:
                            skip -= 1
                            continue
                        seen += 1
                        yield event
            except _DROPPED as error:
                dropped = error
            else:
                return
        raise self._lost(dropped)

    async def _events_once(self, request: Shell, boot: str) -> AsyncGenerator[Output | Exit]:
        seconds, limit = request.timeout_ms / 1000 + self._grace, _ESCAPED * request.max_output + 2 * _MAX_MESSAGE
        async with (
            self._request("POST", "/shell", boot, seconds=seconds, content=encode(request)) as response,
            aclosing(_lines(response, limit, seconds)) as lines,
        ):
            async for line in lines:
                event = _decoded(SHELL_EVENT, line, "/shell")
                if isinstance(event, Failure):
                    raise Refused(event.code, event.message)
                yield event

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        boot: str | None,
        *,
        seconds: float,
        params: dict[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] | None = None,
    ) -> AsyncGenerator[httpx.Response]:
        """One attempt; `seconds` without a byte end it. Raises Refused for what the sandbox refuses."""
        request = httpx.Request(
            method,
            f"http://sandbox{path}",
            params=params,
            content=content,
            headers={BOOT_HEADER: boot} if boot else None,
            extensions={"timeout": {"read": seconds}},
        )
        try:
            async with aclosing(await self._transport.handle_async_request(request)) as response:
                if response.status_code != _OK:
                    raise await self._refused(response)
                yield response
        except httpx.TimeoutException as error:
            raise self._lost(error) from None

    async def _refused(self, response: httpx.Response) -> Refused:
        return self._refusal(await _read(response, _MAX_MESSAGE), f"{response.url.path} ({response.status_code})")

    def _refusal(self, body: bytes, told: str) -> Refused:
        failure = _decoded(Failure, body, told)
        if failure.code is ErrorCode.RESTARTED:
            self._boot = None  # whoever goes on meets the new instance
        return Refused(failure.code, failure.message)

    @asynccontextmanager
    async def _ending(self, request_id: str) -> AsyncGenerator[None]:
        """End the request in the sandbox when the host's task is cancelled or stops listening."""
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            await self._end(request_id)
            raise

    async def _end(self, request_id: str) -> None:
        task = asyncio.create_task(self._tell("/cancel", Cancel(id=request_id)))
        self._cancels.add(task)
        task.add_done_callback(self._cancelled)
        await asyncio.wait([task], timeout=_CANCEL)

    def _cancelled(self, task: asyncio.Task[None]) -> None:
        self._cancels.discard(task)
        if not task.cancelled():
            task.exception()  # it had ended already, or nobody answers: the deadline ends it

    def _lost(self, error: Exception | None) -> SandboxLost:
        return SandboxLost(f"the sandbox behind {self._path} does not answer ({error!r}); start a new one")


def _event(request: Listen, message: bytes) -> Event:
    """One event, checked. Raises Refused for a failure, WireMismatch."""
    try:
        event = decode_event(message)
    except WireError as error:
        raise WireMismatch(f"/events sent what the wire does not allow: {error}") from None
    match event:
        case Failure():
            raise Refused(event.code, event.message)
        case LiveFrame(info, data) if request.frames:
            pictures.check_picture(request.frames.picture, info.picture, data)
        case WindowList() if request.windows:
            pass
        case ProgramList() if request.programs:
            pass
        case _:
            raise WireMismatch("/events sent what was not listened to")
    return event


async def _read(response: httpx.Response, limit: int) -> bytes:
    """The body, never more of it than `limit` bytes."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > limit:
            raise WireMismatch(f"{response.url.path} answered with more than {limit} bytes")
    return bytes(body)


async def _lines(response: httpx.Response, limit: int, seconds: float) -> AsyncGenerator[bytes]:
    """The body's lines without their ends, never more than `limit` bytes; half a line at the end is dropped."""
    begun, total, until = bytearray(), 0, time.monotonic() + seconds
    async for piece in response.aiter_raw():
        total += len(piece)
        if total > limit:
            raise WireMismatch(f"{response.url.path} answered with more than {limit} bytes")
        if time.monotonic() > until:
            raise SandboxLost(f"{response.url.path} goes on beyond the {seconds:g} s it has")
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield bytes(begun + end)
            begun.clear()
        begun += rest


def _decoded(kind: type[M] | TypeAdapter[M], body: bytes, path: str) -> M:
    try:
        return decode(kind, body)
    except WireError as error:
        raise WireMismatch(f"{path} answered with what the wire does not allow: {error}") from None


@contextmanager
def _raised() -> Iterator[None]:
    """Raise what the sandbox refuses as the host's own error."""
    try:
        yield
    except Refused as refused:
        raise from_failure(refused.failure) from None
