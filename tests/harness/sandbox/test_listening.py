"""One WebSocket, against servers that answer, refuse, break off and say too much."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from harness.errors import WireMismatch
from harness.sandbox.listening import Denied, Dropped, listen
from sandbox_image.wire import Listen, decode
from tests.support.served import listening

WISH = Listen(windows=True)


class Talker:
    """Sends these messages, one for each time it is asked, and notes what it was told."""

    def __init__(self, *messages: bytes, refuse: bool = False) -> None:
        self.messages = messages
        self.refuse = refuse
        self.told: list[str] = []
        self.left = asyncio.Event()

    async def __call__(self, websocket: WebSocket) -> None:
        self.told.append(websocket.headers["harness-boot"])
        assert decode(Listen, websocket.query_params["listen"].encode()) == WISH
        if self.refuse:
            await websocket.send_denial_response(Response(b"no", 409))
            return
        await websocket.accept()
        for message in self.messages:
            await websocket.send_bytes(message)
            self.told.append(await websocket.receive_text())
        async for _ in websocket.iter_text():
            pass
        self.left.set()


@asynccontextmanager
async def talking(path: Path, talker: Talker) -> AsyncIterator[None]:
    async with listening(path, Starlette(routes=[WebSocketRoute("/events", talker.__call__)])):
        yield


async def heard(path: Path, count: int, *, limit: int = 1000, seconds: float = 5) -> list[bytes]:
    got: list[bytes] = []
    async with aclosing(listen(str(path), WISH, {"harness-boot": "b"}, seconds=seconds, limit=limit)) as messages:
        async for message in messages:
            got.append(message)
            if len(got) == count:
                break
    return got


async def test_each_message_is_asked_for_once_the_one_before_was_taken(tmp_path: Path) -> None:
    talker = Talker(b"one", b"two", b"three")
    async with talking(tmp_path / "s", talker):
        assert await heard(tmp_path / "s", 2) == [b"one", b"two"]
        assert talker.told[:2] == ["b", "next"]


async def test_who_stops_listening_closes_the_line(tmp_path: Path) -> None:
    talker = Talker()
    async with talking(tmp_path / "s", talker):
        task = asyncio.create_task(heard(tmp_path / "s", 1))
        while not talker.told:  # noqa: ASYNC110 - the other end's doing
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await talker.left.wait()


async def test_a_refusal_comes_with_its_body(tmp_path: Path) -> None:
    async with talking(tmp_path / "s", Talker(refuse=True)):
        with pytest.raises(Denied) as caught:
            await heard(tmp_path / "s", 1)
    assert (caught.value.status, caught.value.body) == (409, b"no")


async def test_a_message_that_is_too_long_is_not_taken(tmp_path: Path) -> None:
    async with talking(tmp_path / "s", Talker(b"x" * 1001)):
        with pytest.raises(WireMismatch, match="more than 1000 bytes"):
            await heard(tmp_path / "s", 1)


async def test_nobody_there_and_nobody_who_answers_is_a_dropped_line(tmp_path: Path) -> None:
    with pytest.raises(Dropped):
        await heard(tmp_path / "s", 1)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute"))
        mute.listen()
        with pytest.raises(Dropped):
            await heard(tmp_path / "mute", 1, seconds=0.05)
