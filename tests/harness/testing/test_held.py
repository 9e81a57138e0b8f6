"""What is down, and what happens meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from harness.testing import FakeGuest
from sandbox_image.wire import Action, Press
from tests.support.asking import SCREEN, done


async def test_the_hook_sees_what_is_held_and_nothing_is_held_after_a_cancel() -> None:
    guest, seen = FakeGuest(SCREEN), asyncio.Event()

    async def hook(_: Action) -> None:
        seen.set()
        await asyncio.Event().wait()

    guest.hook = hook
    working = asyncio.create_task(done(guest, Press(keys="ctrl+a")))
    await seen.wait()
    assert guest.held == {"ctrl", "a"}
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert (guest.held, guest.done) == (set(), [])
