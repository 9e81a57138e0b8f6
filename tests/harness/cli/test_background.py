"""Keepers that are started, die and are stopped."""

import asyncio
import os
import signal

import pytest

from harness.cli.background import start, stop
from harness.errors import ImageMissing
from harness.sandbox.ownership import alive, runtime_root
from harness.sandbox.registry import records
from harness.sandbox.spec import SandboxSpec
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
SMALL = SandboxSpec.of(screen="640x480", memory="512m", lease=5)


def test_an_error_of_the_keeper_is_raised_here_as_it_was_there(leftovers: Leftovers) -> None:
    with pytest.raises(ImageMissing, match="nosuch"):
        start(SandboxSpec.of(SMALL, image="nosuch:image"), None, lambda _: None)
    assert leftovers.nothing()


def test_an_interruption_while_it_starts_leaves_nothing(leftovers: Leftovers) -> None:
    def interrupt(step: str) -> None:
        raise KeyboardInterrupt(step)

    with pytest.raises(KeyboardInterrupt):
        start(SMALL, None, interrupt)
    assert leftovers.nothing()


async def test_stopping_returns_when_nothing_is_left(leftovers: Leftovers) -> None:
    steps: list[str] = []
    record = start(SMALL, None, steps.append)
    assert "listening" in steps
    assert records(runtime_root()) == [record]
    await stop(record)
    assert leftovers.nothing()


async def test_a_killed_keeper_is_not_listed_and_stopping_clears_up_after_it(leftovers: Leftovers) -> None:
    record = start(SMALL, None, lambda _: None)
    os.kill(record.pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, record.pid, 0)
    assert not alive(runtime_root(), record.id)
    assert records(runtime_root()) == []
    await stop(record)
    assert leftovers.nothing()
