"""The book of requests: an id is done at most once, whoever asks again joins it or gets what it answered.

A request runs in a task of its own, so a dropped connection does not touch it. It ends by its deadline or by
`cancel`; either way its task is cancelled and awaited, so that it has released what it pressed before anybody
hears that it ended. Replies are kept up to a count and a size, ids for much longer: an id whose reply is gone is
refused, never done a second time. No HTTP and no X in here.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from sandbox_image.wire import ErrorCode, Failure, Refused

MAX_REPLIES = 64
MAX_REPLY_BYTES = 64 << 20
MAX_IDS = 20_000
_NEVER = b""  # what an id was used for that was cancelled before its request came

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a request does: pieces of its answer, how long it may take, how a failure is told, how much it may say."""

    pieces: Callable[[], AsyncGenerator[bytes]]
    seconds: float
    told: Callable[[Failure], bytes]
    limit: int = MAX_REPLY_BYTES


class Work:
    """One request while it runs and after: what it has answered so far."""

    def __init__(self, job: Job) -> None:
        self.ended = False
        self.size = 0
        self._job = job
        self._pieces: list[bytes] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._end)

    async def follow(self) -> AsyncGenerator[bytes]:
        """Every piece from the first one, as they come, to the end."""
        sent = 0
        while True:
            news = self._news
            while sent < len(self._pieces):
                yield self._pieces[sent]
                sent += 1
            if self.ended and sent == len(self._pieces):
                return
            await news.wait()

    async def whole(self) -> bytes:
        """All of it, once it has ended."""
        return b"".join([piece async for piece in self.follow()])

    async def cancel(self) -> None:
        """End it; returns when it really has."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        limit = asyncio.timeout(self._job.seconds)
        try:
            async with limit:
                await self._collect()
        except TimeoutError:
            if not limit.expired():
                raise
            raise Refused(ErrorCode.DEADLINE, f"not done within {self._job.seconds:g} s; it was stopped") from None

    async def _collect(self) -> None:
        async with aclosing(self._job.pieces()) as pieces:
            async for piece in pieces:
                if self.size + len(piece) > self._job.limit:
                    message = f"the answer is larger than {self._job.limit} bytes; it was stopped"
                    raise Refused(ErrorCode.OVERSIZED, message)
                self._add(piece)

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.size += len(piece)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _end(self, task: asyncio.Task[None]) -> None:
        """Write down how it ended; also where it was cancelled before its first step."""
        if failure := _failure(task):
            self._pieces.append(self._job.told(failure))
        self.ended = True
        self._tell()


class Requests:
    """All requests of this server instance by id."""

    def __init__(
        self, *, max_replies: int = MAX_REPLIES, max_bytes: int = MAX_REPLY_BYTES, max_ids: int = MAX_IDS
    ) -> None:
        self._max_replies, self._max_bytes, self._max_ids = max_replies, max_bytes, max_ids
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._works: OrderedDict[str, Work] = OrderedDict()

    def admit(self, request_id: str, body: bytes, job: Callable[[], Job]) -> Work:
        """The work of this id: the running or ended one where the body is equal, a new one for a new id.

        Raises Refused: `conflict` for another body or where the reply is no longer kept, `cancelled` where a
        cancel came before the request.
        """
        digest = hashlib.sha256(body).digest()
        known = self._known.get(request_id)
        if known is None:
            return self._start(request_id, digest, job())
        if known == _NEVER:
            raise Refused(ErrorCode.CANCELLED, f"request {request_id} was cancelled before it came; nothing was done")
        if known != digest:
            raise Refused(ErrorCode.CONFLICT, f"id {request_id} was used for another request; take a new id")
        if request_id not in self._works:
            raise Refused(
                ErrorCode.CONFLICT,
                f"request {request_id} was done before and its reply is no longer kept; look at the screen, and take"
                " a new id for what is left to do",
            )
        return self._works[request_id]

    async def cancel(self, request_id: str) -> None:
        """End a running request; returns when it has released what it held.

        Raises Refused(unknown_request) where none runs under the id. An id that never came is remembered as
        cancelled, since a cancel can overtake its request on another connection.
        """
        work = self._works.get(request_id)
        if work is None or work.ended:
            self._remember(request_id, self._known.get(request_id, _NEVER))
            raise Refused(ErrorCode.UNKNOWN_REQUEST, f"request {request_id} is not running: it ended or never came")
        await work.cancel()

    def _start(self, request_id: str, digest: bytes, job: Job) -> Work:
        self._forget_replies()
        self._remember(request_id, digest)
        work = self._works[request_id] = Work(job)
        return work

    def _remember(self, request_id: str, digest: bytes) -> None:
        self._known[request_id] = digest
        while len(self._known) > self._max_ids:
            oldest, _ = self._known.popitem(last=False)
            self._works.pop(oldest, None)

    def _forget_replies(self) -> None:
        """Drop the oldest ended works until there is room for one more."""
        for request_id, work in list(self._works.items()):
            kept = sum(one.size for one in self._works.values())
            if len(self._works) < self._max_replies and kept < self._max_bytes:
                return
            if work.ended:
                del self._works[request_id]


def _failure(task: asyncio.Task[None]) -> Failure | None:
    if task.cancelled():
        return Failure(code=ErrorCode.CANCELLED, message="it was cancelled")
    error = task.exception()
    return failure_of(error) if error else None


def failure_of(error: BaseException) -> Failure:
    """What the host hears of an error: a refusal as it is, of a bug that there is one."""
    if isinstance(error, Refused):
        return error.failure
    _log.error("a request failed in a way nobody foresaw", exc_info=error)
    return internal()


def internal() -> Failure:
    """What the host hears about a bug; the details are in the log."""
    return Failure(code=ErrorCode.INTERNAL, message="a bug in the sandbox's server; its log has the details")
