"""A plain socket for a stream that asyncio cannot take: TLS and ssh connections to a remote engine.

One thread a stream carries bytes both ways between the stream and one end of a socket pair. It ends when both
directions have ended or the plain end is closed; nothing has to be told to it. Half-closing the plain end arrives
over ssh; TLS in Python cannot do that without losing bytes, so there the end of input is the end of the connection.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16
_TICK_MS = 10  # an ssh channel has no descriptor that says when it can be written
_FLUSH_MS = 5_000  # for what a closed end has sent
_NEVER = 0
T = TypeVar("T")


class Stream(Protocol):
    """What an SSLSocket and a paramiko channel have in common."""

    def fileno(self) -> int:
        """The descriptor that says when there is something to read."""
        ...

    def settimeout(self, seconds: float | None, /) -> None:
        """0: never wait."""
        ...

    def recv(self, size: int, /) -> bytes:
        """What there is to read; nothing at the end."""
        ...

    def send(self, data: bytes, /) -> int:
        """Write what can be written now."""
        ...

    def close(self) -> None:
        """Close it altogether."""
        ...


def plain_socket(stream: Stream, on_end: Callable[[], None] | None = None) -> socket.socket:
    """A plain socket that carries what `stream` carries. The stream now belongs to it and is closed with it.

    `on_end` is called then, in the pump's thread, for what else holds the stream open.
    """
    near, far = socket.socketpair()

    def run() -> None:
        _Pump(stream, far).run()
        if on_end:
            on_end()

    threading.Thread(target=run, name="harness engine pump", daemon=True).start()
    return near


class _Pump:
    """Two directions, each holding at most one chunk; every round tries all that can be tried, then waits."""

    def __init__(self, stream: Stream, local: socket.socket) -> None:
        self._stream = stream
        self._local = local
        self._up = self._down = b""
        self._up_open = self._down_open = True
        self._waits = {stream.fileno(): _NEVER, local.fileno(): _NEVER}
        self._tick: int | None = None
        self._gone = False

    def run(self) -> None:
        """Carry until both directions ended or one end broke."""
        with contextlib.closing(self._stream), self._local, contextlib.suppress(OSError):
            self._stream.settimeout(0)
            self._local.settimeout(0)
            while self._up_open or self._down_open or self._up or self._down:
                if not self._round() and not self._wait():
                    return

    def _round(self) -> bool:
        """Move what can be moved; whether anything was."""
        self._waits = dict.fromkeys(self._waits, _NEVER)
        self._tick = None
        moved = False
        if self._up_open and not self._up and (data := self._try_local(lambda: self._local.recv(_CHUNK))) is not None:
            self._up, self._up_open, moved = data, bool(data), True
            if not data and not _half_close(self._stream):
                self._down_open, self._down = False, b""
        if self._up and (sent := self._try_stream(lambda: self._stream.send(self._up), select.POLLOUT)) is not None:
            self._up, moved = self._up[sent:], True
        if self._down_open and not self._down and (data := self._receive()) is not None:
            self._down, self._down_open, moved = data, bool(data), True
            if not data:
                self._local.shutdown(socket.SHUT_WR)
        if self._down and (sent := self._try_local(lambda: self._local.send(self._down), select.POLLOUT)) is not None:
            self._down, moved = self._down[sent:], True
        return moved

    def _receive(self) -> bytes | None:
        return self._try_stream(lambda: self._stream.recv(_CHUNK), select.POLLIN)

    def _wait(self) -> bool:
        """Until something can be moved; False where nothing will be."""
        poll = select.poll()
        for fd, events in self._waits.items():
            poll.register(fd, events)
        ready = dict(poll.poll(self._tick if self._tick or not self._gone else _FLUSH_MS))
        if ready.get(self._local.fileno(), 0) & (select.POLLHUP | select.POLLERR):
            # Closed altogether: what it sent before still goes out, what would come is for nobody.
            self._gone, self._down_open, self._down = True, False, b""
            del self._waits[self._local.fileno()]
        return bool(ready) or bool(self._tick)

    def _try_local(self, call: Callable[[], T], event: int = select.POLLIN) -> T | None:
        try:
            return call()
        except BlockingIOError:
            self._waits[self._local.fileno()] |= event
            return None

    def _try_stream(self, call: Callable[[], T], event: int) -> T | None:
        try:
            return call()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            event = select.POLLIN if isinstance(error, ssl.SSLWantReadError) else select.POLLOUT
        except BlockingIOError:
            pass
        except TimeoutError:  # a channel's word for "would block"
            self._tick = _TICK_MS if event == select.POLLOUT else self._tick
        self._waits[self._stream.fileno()] |= event
        return None


def _half_close(stream: Stream) -> bool:
    """Say that nothing more will be sent while the other direction goes on; False where the stream cannot."""
    if isinstance(stream, ssl.SSLSocket):
        return False  # `unwrap` would throw away what arrives while it runs
    if isinstance(stream, socket.socket):
        stream.shutdown(socket.SHUT_WR)
    else:
        stream.shutdown_write()  # type: ignore[attr-defined] # an ssh channel; its library is optional
    return True
