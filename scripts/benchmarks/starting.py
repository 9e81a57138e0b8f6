"""What a sandbox costs before it does anything: time to the first picture, memory, starts in a row."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from statistics import median
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import harness
from benchmarks.rows import Row, timed
from benchmarks.timing import clocked, in_turn, progress
from benchmarks.usual import LABEL, container
from harness.sandbox.connection import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docker import DockerClient

WINDOW = 30.0  # seconds for which starts are reckoned
AT_ONCE = 2  # starts side by side; more only makes each one slower on two cores
CROWD = 10
IDLE_AFTER = 5.0  # seconds a desktop is left alone before its memory is read
MB = 1_000_000


async def starting(engine: DockerClient, image: str, rounds: int) -> AsyncIterator[Row]:
    """Rows about starts, from the image as it ships."""
    progress("cold start to the first picture")
    yield await _cold_start(engine, image, rounds)
    progress("memory of an idle desktop")
    yield await _idle_memory(engine, image)
    progress(f"starts in a row, {AT_ONCE} at a time")
    yield await _starts_in_a_row(image, 2 * rounds)
    progress(f"{CROWD} sandboxes at once")
    yield await _crowd(image, rounds)


async def _cold_start(engine: DockerClient, image: str, rounds: int) -> Row:
    ours, true = await in_turn(
        rounds, lambda: _first_picture(image), lambda: asyncio.to_thread(_run_true, engine, image)
    )
    return timed("cold start to first picture", ours, "ms", 2.5 * median(true), true, "`docker run --rm … true`")


async def _first_picture(image: str) -> float:
    """Milliseconds until the picture is there; ending the sandbox is not counted."""
    began = time.perf_counter()
    async with harness.sandbox(image=image) as desktop:
        await desktop.screenshot()
        return (time.perf_counter() - began) * 1000


def _run_true(engine: DockerClient, image: str) -> float:
    """Milliseconds of what `docker run --rm --network none IMAGE true` does, without the command line's own time."""
    began = time.perf_counter()
    container = engine.containers.create(image, entrypoint=["true"], command=[], network_mode="none", auto_remove=True)
    container.start()
    with suppress(NotFound):  # gone before it was asked for
        container.wait(condition="removed")
    return (time.perf_counter() - began) * 1000


async def _idle_memory(engine: DockerClient, image: str) -> Row:
    mark = uuid4().hex
    async with harness.sandbox(image=image, labels={LABEL: mark}) as desktop:
        await desktop.screenshot()
        await asyncio.sleep(IDLE_AFTER)
        stats = await asyncio.to_thread(engine.api.stats, container(engine, mark).short_id, stream=False)
    memory = cast("dict[str, Any]", stats)["memory_stats"]["stats"]
    resident = memory.get("anon", memory.get("total_rss", 0)) / MB  # cgroup 2, cgroup 1
    return Row("idle desktop with its panel", resident, "MB", 80, note="resident memory of the control group")


async def _crowd(image: str, rounds: int) -> Row:
    """A picture of each in turn while all are up, beside one from the first of them alone before the others came."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(harness.sandbox(image=image, memory="512m"))
        (alone,) = await in_turn(rounds, clocked(first.screenshot))
        others = [stack.enter_async_context(harness.sandbox(image=image, memory="512m")) for _ in range(CROWD - 1)]
        desktops = [first, *[await other for other in others]]
        all_up = await in_turn(max(1, rounds // 3), *[clocked(desktop.screenshot) for desktop in desktops])
    pictures = [took for one in all_up for took in one]
    return timed(f"screenshot, {CROWD} sandboxes up", pictures, "ms", 25, alone, "with one sandbox up")


async def _starts_in_a_row(image: str, count: int) -> Row:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with gate:
            await _first_picture(image)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    rate = WINDOW / (time.perf_counter() - began) * count
    return Row(f"starts per {WINDOW:.0f} s", rate, "starts", 35, better="more", n=count, note="each with its end")
