"""Blocking work over an asynchronous stream."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

import pytest

from sandbox_image.consume import consume

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


async def stream(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def test_the_work_gets_the_pieces_in_order_and_in_another_thread() -> None:
    def work(pieces: Iterator[bytes]) -> tuple[list[bytes], int]:
        return list(pieces), threading.get_ident()

    told, thread = await consume(stream(b"a", b"", b"b"), work)
    assert told == [b"a", b"", b"b"]
    assert thread != threading.get_ident()


async def test_what_the_stream_raises_is_raised_in_the_work() -> None:
    seen: list[bytes] = []

    def work(pieces: Iterator[bytes]) -> None:
        seen.extend(pieces)

    with pytest.raises(LookupError, match="gone"):
        await consume(stream(b"a", LookupError("gone")), work)
    assert seen == [b"a"]


async def test_work_that_fails_early_leaves_the_rest_of_the_stream() -> None:
    def work(pieces: Iterator[bytes]) -> None:
        raise ValueError(next(pieces))

    pieces = stream(b"a", b"b")
    with pytest.raises(ValueError, match="a"):
        await consume(pieces, work)
    assert await anext(pieces) == b"b"


async def test_cancelling_waits_until_the_work_has_cleaned_up() -> None:
    waiting, cleaned = asyncio.Event(), threading.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"a"
        waiting.set()
        await asyncio.Event().wait()

    def work(pieces: Iterator[bytes]) -> None:
        try:
            list(pieces)
        finally:
            cleaned.set()

    task = asyncio.create_task(consume(endless(), work))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned.is_set()


async def test_cancelling_leaves_nothing_to_complain_about() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        begun.set()
        await asyncio.Event().wait()
        yield b""

    task = asyncio.create_task(consume(endless(), list))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    del task
    gc.collect()
    assert complaints == []
