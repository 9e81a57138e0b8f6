"""Requests as such."""

from __future__ import annotations

import asyncio

import pytest

from harness.errors import DeadlinePassed, NotOnScreen
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Done, ListWindows, Move, Picture, ScreenPoint, Settle, WaitWindow
from tests.support.conformance.checks import check


@check
async def the_first_action_that_fails_ends_the_rest_and_the_picture_is_taken(desktop: Desktop) -> None:
    off = ScreenPoint(x=desktop.screen.width, y=0)
    actions = Move(to=ScreenPoint(x=1, y=1)), Move(to=off), ListWindows()
    with pytest.raises(NotOnScreen) as caught:
        await desktop.perform(*actions, picture=Picture(), settle=Settle(first_ms=1))
    assert caught.value.failure.action == 1
    assert caught.value.reply is not None
    assert caught.value.reply.results == (Done(),)
    assert caught.value.reply.effect is not None
    assert len(caught.value.picture) > 0


@check
async def a_request_ends_by_its_deadline(desktop: Desktop) -> None:
    with pytest.raises(DeadlinePassed):
        await desktop.perform(WaitWindow(title="no-such-window"), timeout=0.2)
    assert await desktop.windows() is not None


@check
async def a_cancelled_request_leaves_a_desktop_that_works(desktop: Desktop) -> None:
    waiting = asyncio.create_task(desktop.wait_for_window("no-such-window"))
    await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await desktop.move((5, 5))
