"""The container engine, in the few words a sandbox needs: create, attach, start, dial, remove, tell why it ended.

The engine's library blocks, so each call runs in a thread. A call that was sent is always seen through: where the
task is cancelled meanwhile, the cancellation comes after the answer, so that nothing is made behind our back.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import ssl
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from harness.errors import EngineError
from harness.sandbox.connection import EngineRefused, NotFound, connect
from harness.sandbox.pump import plain_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from docker import DockerClient

T = TypeVar("T")
_REMOVAL_SECONDS = 20
_EVENTS_SECONDS = 3
_CLOCK_SET_SECONDS = 86_400  # as far as the engine's clock may have been set back


class Found(NamedTuple):
    """A container with our labels, running or not."""

    container: str
    labels: dict[str, str]


class Engine:
    """One engine. All methods raise EngineError where it refuses or does not answer."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client
        self._api: Any = client.api  # in part untyped

    @classmethod
    async def open(cls) -> Engine:
        """The engine this user's settings name."""
        return cls(await settled(connect))

    async def aclose(self) -> None:
        """Close idle connections to the engine."""
        await settled(self._api.close)

    async def run(self, work: Callable[[DockerClient], T]) -> T:
        """Blocking work with the engine's client, in a thread."""
        return await settled(lambda: work(self._client))

    async def create(self, name: str, settings: Mapping[str, Any]) -> str:
        """Make a container; its id."""
        made = await self._call("create the container", lambda: self._api.create_container_from_config(settings, name))
        return str(made["Id"])

    async def start(self, container: str) -> None:
        """Start a container that was made."""
        await self._call("start the container", lambda: self._api.start(container))

    async def attach(self, container: str) -> tuple[socket.socket, bytes]:
        """A stream of all the container will print, and what came of it already; ends when the container ends."""
        params = {"stdout": 1, "stderr": 1, "stream": 1}
        return await self._stream(
            "attach to the container", lambda: self._api.attach_socket(container, params=params, ws=False)
        )

    async def dial(self, container: str, command: Sequence[str], user: str) -> tuple[socket.socket, bytes]:
        """Run a command in the container; a stream of its input and output, and what came of it already."""

        def run() -> Any:
            made = self._api.exec_create(container, list(command), stdin=True, user=user)
            return self._api.exec_start(made["Id"], socket=True)

        return await self._stream("open a connection into the container", run)

    async def remove(self, container: str) -> None:
        """Kill and remove a container, by id or name, and wait until it is gone; nothing where there is none."""
        await self._call("remove the container", lambda: self._remove(container))

    async def find(self, label: str) -> list[Found]:
        """Containers that carry the label (`key=value`), ended and never started ones too."""
        found = await self._call("list containers", lambda: self._api.containers(all=True, filters={"label": [label]}))
        return [Found(str(one["Id"]), dict(one["Labels"] or {})) for one in found]

    async def ending(self, container: str, age: float) -> str | None:
        """Why a container of so many seconds ended, as far as the engine tells: memory, a signal, an exit code."""
        with contextlib.suppress(EngineError):
            return await self._call("read the events", lambda: ending(self._events(container, age)))
        return None

    # --- what runs in threads -------------------------------------------------------------------------------------

    async def _call(self, what: str, call: Callable[[], T]) -> T:
        try:
            return await settled(call)
        except (EngineRefused, OSError) as error:
            raise EngineError(f"the container engine could not {what}: {_reason(error)}") from error

    async def _stream(self, what: str, call: Callable[[], Any]) -> tuple[socket.socket, bytes]:
        """As `_call`, for a call that opens a stream: closed where the task was cancelled meanwhile."""
        opening = asyncio.ensure_future(asyncio.to_thread(lambda: _own(call())))
        try:
            return await _seen_through(opening)
        except asyncio.CancelledError:
            if not opening.exception():
                opening.result()[0].close()
            raise
        except (EngineRefused, OSError) as error:
            raise EngineError(f"the container engine could not {what}: {_reason(error)}") from error

    def _remove(self, container: str) -> None:
        try:
            self._api.remove_container(container, force=True, v=True)
        except NotFound:
            return
        except EngineRefused as error:
            if getattr(error, "status_code", None) != 409:  # noqa: PLR2004 - "removal is already in progress"
                raise
            with contextlib.suppress(NotFound):
                self._api.wait(container, timeout=_REMOVAL_SECONDS, condition="removed")

    def _events(self, container: str, age: float) -> Iterable[Mapping[str, Any]]:
        """What the engine remembers of the container: by the engine's own clock, which may have been set meanwhile."""
        now = datetime.fromisoformat(self._api.info()["SystemTime"]).timestamp()
        since, until = int(now - age - _CLOCK_SET_SECONDS), int(now + _EVENTS_SECONDS)
        events = self._api.events(since=since, until=until, filters={"container": [container]}, decode=True)
        with contextlib.closing(events):
            for event in events:
                yield event
                if event.get("Action") == "die":
                    return


def ending(events: Iterable[Mapping[str, Any]]) -> str | None:
    """One sentence from the container's events."""
    oom = killed = False
    code = None
    for event in events:
        oom |= event.get("Action") == "oom"
        killed |= event.get("Action") in {"kill", "stop"}
        if event.get("Action") == "die":
            code = event["Actor"]["Attributes"].get("exitCode")
    if oom:
        return "it ran out of memory (the engine saw an out-of-memory kill): raise `memory`"
    if killed:
        return "it was stopped from outside"
    return None if code is None else f"it ended with exit code {code}"


async def settled(call: Callable[[], T]) -> T:
    """The result of blocking work, done in a thread and always seen through: a cancellation comes after its end."""
    return await _seen_through(asyncio.ensure_future(asyncio.to_thread(call)))


async def _seen_through(work: asyncio.Future[T]) -> T:
    """The result of work that cannot be stopped; a cancellation is kept back until it is done."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        work.exception()  # looked at, so that nobody complains that it was not
        raise cancelled
    return work.result()


def _own(handle: Any) -> tuple[socket.socket, bytes]:
    """A plain socket out of what the library hands out, and the bytes it had read ahead."""
    response = handle._response  # noqa: SLF001 - the library keeps the one that owns the socket there
    reader = response.raw._fp.fp  # noqa: SLF001 - and that has the bytes read ahead
    sock = handle._sock if isinstance(handle, socket.SocketIO) else handle  # type: ignore[attr-defined]  # noqa: SLF001
    sock.settimeout(None)
    early = _read_ahead(reader, sock)
    if isinstance(sock, socket.socket) and not isinstance(sock, ssl.SSLSocket):
        own = sock.dup()
        response.close()
        return own, early
    return plain_socket(sock, response.close), early


def _read_ahead(reader: Any, sock: Any) -> bytes:
    """What the reply's reader took from the socket beyond the reply's head."""
    if not isinstance(reader, io.BufferedReader):
        return bytes(getattr(reader, "_rbuffer", b""))  # an ssh channel's reader
    sock.settimeout(0)
    try:
        return bytes(reader.read1() or b"")
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return b""
    finally:
        sock.settimeout(None)


def _reason(error: BaseException) -> str:
    """The engine's own words where it answered; what broke where it did not."""
    return str(getattr(error, "explanation", None) or error)
