"""Waiting for the screen."""

from __future__ import annotations

import asyncio

import pytest

from harness.errors import DeadlinePassed, NotOnScreen
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Region
from tests.support.conformance.checks import check, editor


@check
async def a_wait_for_change_holds_nobody_back_and_ends_with_what_they_change(desktop: Desktop) -> None:
    window = await editor(desktop)
    waiting = asyncio.create_task(desktop.wait_for_change(window.region))
    while not waiting.done():  # it may begin to look after the first of them
        await desktop.type("some")
        await asyncio.sleep(0)  # a desktop in memory types without waiting for anything
    effect = waiting.result()
    assert effect.changed
    assert effect.box is not None
    assert effect.box.clipped(window.region) == effect.box


@check
async def a_change_that_does_not_come_ends_by_the_deadline(desktop: Desktop) -> None:
    corner = Region(x=0, y=desktop.screen.height - 1, width=1, height=1)
    with pytest.raises(DeadlinePassed, match="nothing changed"):
        await desktop.wait_for_change(corner, timeout=0.1)


@check
async def a_screen_that_rests_is_still(desktop: Desktop) -> None:
    await editor(desktop)
    assert (await desktop.wait_for_still(quiet=0.1)).still
    with pytest.raises(DeadlinePassed, match="not still"):
        await desktop.wait_for_still(quiet=0.2, timeout=0.1)


@check
async def regions_off_the_screen_cannot_be_waited_for(desktop: Desktop) -> None:
    beyond = Region(x=desktop.screen.width, y=0, width=1, height=1)
    with pytest.raises(NotOnScreen):
        await desktop.wait_for_change(beyond)
    with pytest.raises(NotOnScreen):
        await desktop.wait_for_still(beyond)
