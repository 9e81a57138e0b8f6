"""Blocking work over an asynchronous stream. Host and sandbox both use this; standard library only."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

T = TypeVar("T")


async def consume(stream: AsyncIterator[bytes], work: Callable[[Iterator[bytes]], T]) -> T:
    """Do `work` in a thread of its own, over a stream that this event loop brings piece by piece as it is wanted.

    What the stream raises is raised in the work. Being cancelled is raised there too, and waits until it has ended.
    """
    loop = asyncio.get_running_loop()
    pulling: asyncio.Task[object] | None = None
    ended = False

    async def pull() -> bytes | None:
        nonlocal pulling
        if ended:
            raise asyncio.CancelledError
        pulling = asyncio.current_task()
        return await anext(stream, None)

    def pieces() -> Iterator[bytes]:
        while (piece := asyncio.run_coroutine_threadsafe(pull(), loop).result()) is not None:
            yield piece

    thread = ThreadPoolExecutor(1)
    working = loop.run_in_executor(thread, work, pieces())
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        ended = True
        if pulling:
            pulling.cancel()
        await asyncio.wait([working])
        working.exception()  # it was given up: how it ended interests nobody
        raise
    finally:
        thread.shutdown(wait=False)
