"""Taking times: what is compared takes turns, in random order, so that noise hits all alike."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable

Step = Callable[[], Awaitable[float]]
"""Does its work and says how many milliseconds of it count."""
_order = random.Random(0)  # noqa: S311 - the order of turns is no secret


def progress(text: str) -> None:
    """A line for the person who waits; never in the output."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def clocked(work: Callable[[], Awaitable[object]]) -> Step:
    """A step that takes as long as the work."""

    async def step() -> float:
        began = time.perf_counter()
        await work()
        return (time.perf_counter() - began) * 1000

    return step


async def in_turn(rounds: int, *steps: Step) -> list[list[float]]:
    """Milliseconds of each step, round by round in random order, after one round that is thrown away."""
    taken: list[list[float]] = [[] for _ in steps]
    for turn in range(-1, rounds):
        for index in _order.sample(range(len(steps)), len(steps)):
            took = await steps[index]()
            if turn >= 0:
                taken[index].append(took)
    return taken
