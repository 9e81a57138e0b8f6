from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox_image.wire import Picture
from tests.support.xserver import HEIGHT, PATIENCE_S, WIDTH

if TYPE_CHECKING:
    from tests.support.hands import Hands

pytestmark = pytest.mark.x11
FRAME = WIDTH * HEIGHT * 4 // resource.getpagesize()
"""Pages of memory."""


def fetched() -> int:
    """Pages that this process got from the kernel so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def resident() -> int:
    """Pages that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1])


async def test_a_picture_is_made_in_the_memory_of_the_last_one_which_is_given_back_when_no_more_are(
    hands: Hands,
) -> None:
    for _ in range(3):
        await hands.perform(picture=Picture())
    before = fetched()
    await hands.perform(picture=Picture())
    assert fetched() - before < FRAME / 4
    most, until = resident(), time.monotonic() + PATIENCE_S
    while resident() > most - FRAME:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
