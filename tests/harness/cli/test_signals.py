from __future__ import annotations

import asyncio
import os
import signal

import pytest

from harness.cli.signals import ENDING, heeding


@pytest.mark.parametrize("which", ENDING)
async def test_a_signal_is_heeded_for_the_block(which: signal.Signals) -> None:
    came: asyncio.Queue[signal.Signals] = asyncio.Queue()
    before = signal.getsignal(which)
    with heeding(came.put_nowait):
        os.kill(os.getpid(), which)
        assert await came.get() is which
    assert signal.getsignal(which) is before


async def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding(lambda which: pytest.fail(f"{which} was heeded")):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
