"""Events over a WebSocket: one under way at a time, sent when the host asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox_image.requests import failure_of
from sandbox_image.wire import Event, Failure, encode_event

PATIENCE_S = 20.0
"""How long a host may take to read what it asked for; then it is left."""


async def push(websocket: WebSocket, events: AsyncGenerator[Event], *, patience_s: float = PATIENCE_S) -> None:
    """Send the first event at once and another for each text message, until the host leaves or the events end.

    What ends them is told as the last message.
    """
    await websocket.accept()
    asked = asyncio.Semaphore(1)
    hearing = asyncio.create_task(_hear(websocket, asked))
    sending = asyncio.create_task(_send(websocket, events, asked, patience_s))
    try:
        await asyncio.wait([hearing, sending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        hearing.cancel()
        sending.cancel()
        await asyncio.gather(hearing, sending, return_exceptions=True)


async def _hear(websocket: WebSocket, asked: asyncio.Semaphore) -> None:
    async for _ in websocket.iter_text():
        asked.release()


async def _send(
    websocket: WebSocket, events: AsyncGenerator[Event], asked: asyncio.Semaphore, patience_s: float
) -> None:
    with suppress(WebSocketDisconnect, TimeoutError):  # the host left, or does not read
        async with aclosing(events):
            while await asked.acquire():
                event = await _next(events)
                async with asyncio.timeout(patience_s):
                    await websocket.send_bytes(encode_event(event))
                    if isinstance(event, Failure):
                        await websocket.close()
                        return


async def _next(events: AsyncGenerator[Event]) -> Event | Failure:
    try:
        return await anext(events)
    except Exception as error:  # noqa: BLE001 - a bug in here must reach the host as an answer
        return failure_of(error)
