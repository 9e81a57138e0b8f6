"""Events over a WebSocket, at its lowest: what is sent when, and to whom no longer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosedOK

from sandbox_image.pushing import push
from sandbox_image.wire import (
    ErrorCode,
    Event,
    Failure,
    FrameInfo,
    LiveFrame,
    PictureInfo,
    Refused,
    Region,
    WindowList,
    decode_event,
)
from tests.support.served import listening

PLACE = Region(x=0, y=0, width=1, height=1)


class Stream:
    """Makes events when they are asked for, each with its number."""

    def __init__(self, *, size: int = 1, error: Exception | None = None) -> None:
        self.made = 0
        self.closed = asyncio.Event()
        self._size, self._error = size, error

    async def events(self) -> AsyncGenerator[Event]:
        try:
            while self._error is None or not self.made:
                self.made += 1
                picture = PictureInfo(region=PLACE, size=PLACE.size, format="png", length=self._size)
                info = FrameInfo(sequence=self.made, time_ms=0, changed=None, picture=picture)
                yield LiveFrame(info, b"x" * self._size)
            raise self._error
        finally:
            self.closed.set()


@asynccontextmanager
async def pushed(stream: Stream, path: Path, *, patience_s: float = 20) -> AsyncIterator[None]:
    async def endpoint(websocket: WebSocket) -> None:
        await push(websocket, stream.events(), patience_s=patience_s)

    async with listening(path, Starlette(routes=[WebSocketRoute("/", endpoint)])):
        yield


@asynccontextmanager
async def connect(path: Path) -> AsyncIterator[ClientConnection]:
    async with unix_connect(str(path), "ws://s/", compression=None) as socket:
        yield socket


async def received(socket: ClientConnection) -> Event | Failure:
    message = await socket.recv()
    assert isinstance(message, bytes)
    return decode_event(message)


async def number(socket: ClientConnection) -> int:
    event = await received(socket)
    assert isinstance(event, LiveFrame)
    return event.info.sequence


async def test_the_first_event_comes_at_once_and_each_other_one_when_it_is_asked_for(tmp_path: Path) -> None:
    stream = Stream()
    async with pushed(stream, tmp_path / "s"), connect(tmp_path / "s") as socket:
        assert await number(socket) == 1
        await (await socket.ping())  # whatever it would have sent came before this
        assert stream.made == 1
        await socket.send("next")
        assert await number(socket) == 2
        assert stream.made == 2


async def test_whoever_leaves_ends_the_events(tmp_path: Path) -> None:
    stream = Stream()
    async with pushed(stream, tmp_path / "s"):
        async with connect(tmp_path / "s") as socket:
            await number(socket)
        await stream.closed.wait()


async def test_a_line_that_breaks_ends_the_events(tmp_path: Path) -> None:
    stream = Stream()
    async with pushed(stream, tmp_path / "s"), connect(tmp_path / "s") as socket:
        await number(socket)
        socket.transport.abort()
        await stream.closed.wait()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused(ErrorCode.OFF_SCREEN, "not there"), ErrorCode.OFF_SCREEN),
        (RuntimeError("a secret"), ErrorCode.INTERNAL),
    ],
)
async def test_what_ends_the_events_is_the_last_message(
    tmp_path: Path, error: Exception, code: ErrorCode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "sandbox_image")
    async with pushed(Stream(error=error), tmp_path / "s"), connect(tmp_path / "s") as socket:
        assert await number(socket) == 1
        await socket.send("next")
        failure = await received(socket)
        assert isinstance(failure, Failure)
        assert failure.code is code
        assert "secret" not in failure.message
        with pytest.raises(ConnectionClosedOK):
            await socket.recv()


async def test_a_host_that_asks_and_does_not_read_is_left(tmp_path: Path) -> None:
    stream = Stream(size=4_000_000)
    async with pushed(stream, tmp_path / "s", patience_s=0.05):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"), limit=1 << 10)
        writer.write(
            b"GET / HTTP/1.1\r\nhost: s\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x81\x84\0\0\0\0next" * 3)
        await stream.closed.wait()
        assert stream.made < 4
        writer.transport.abort()


async def test_windows_are_told_without_a_picture(tmp_path: Path) -> None:
    async def events() -> AsyncGenerator[Event]:
        yield WindowList(windows=())

    async def endpoint(websocket: WebSocket) -> None:
        await push(websocket, events())

    app = Starlette(routes=[WebSocketRoute("/", endpoint)])
    async with listening(tmp_path / "s", app), connect(tmp_path / "s") as socket:
        assert await received(socket) == WindowList(windows=())
