"""Waiting for the screen."""

from __future__ import annotations

import pytest

from harness.errors import DeadlinePassed, UsageError
from harness.testing import FakeDesktop
from tests.support.desktops import BOX, fake


async def test_a_still_screen_is_told_with_the_time_it_kept_its_pixels() -> None:
    effect = await fake().wait_for_still(BOX, quiet=0.5)
    assert (effect.still, effect.changed, effect.waited_ms) == (True, False, 500)


async def test_seconds_become_milliseconds_of_the_wait() -> None:
    desktop = FakeDesktop(patient=True)
    with pytest.raises(DeadlinePassed, match="within 20 ms"):
        await desktop.wait_for_change(timeout=0.02)
    with pytest.raises(DeadlinePassed, match="within 100 ms"):
        await desktop.wait_for_still(quiet=0.2, timeout=0.1)


async def test_a_wait_of_more_than_an_hour_cannot_be_sent() -> None:
    with pytest.raises(UsageError, match="timeout_ms"):
        await fake().wait_for_change(timeout=4000)
