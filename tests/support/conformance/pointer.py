"""The mouse."""

from __future__ import annotations

import pytest

from harness.errors import NotOnScreen, UnknownKey, WrongHold
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import ButtonDown, KeyDown, Press
from tests.support.conformance.checks import QUICK, check, editor, listed


@check
async def the_last_pixel_is_on_the_screen_and_the_next_is_not(desktop: Desktop) -> None:
    right, bottom = desktop.screen.width - 1, desktop.screen.height - 1
    for corner in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
        await desktop.move(corner, settle=QUICK)
    for outside in ((right + 1, 0), (0, bottom + 1), (-1, 0), (0, -1)):
        for attempt in (desktop.move(outside), desktop.click(outside), desktop.scroll(outside, dy=1)):
            with pytest.raises(NotOnScreen):
                await attempt
        with pytest.raises(NotOnScreen):
            await desktop.drag((0, 0), outside)


@check
async def modifiers_are_held_beside_clicks_and_what_is_none_is_refused(desktop: Desktop) -> None:
    middle = (desktop.screen.width // 2, desktop.screen.height // 2)
    await desktop.click(middle, modifiers=("ctrl", "SHIFT"), settle=QUICK)
    await desktop.scroll(dy=1, modifiers=("Control_L",), settle=QUICK)
    await desktop.drag(middle, (middle[0] + 9, middle[1]), button="forward", modifiers=("super",), settle=QUICK)
    state = await desktop.pointer()
    for attempt in (desktop.click((1, 1), modifiers=("a",)), desktop.scroll((1, 1), dy=1, modifiers=("nosuchkey",))):
        with pytest.raises(UnknownKey):
            await attempt
    assert await desktop.pointer() == state
    assert (state.buttons, state.keys) == ((), ())


@check
async def what_is_put_down_stays_down_until_it_is_released(desktop: Desktop) -> None:
    await desktop.button_down((50, 60), button="back", settle=QUICK)
    await desktop.key_down("shift", settle=QUICK)
    with pytest.raises(UnknownKey):
        await desktop.press("nosuchkey")
    state = await desktop.pointer()
    assert (state.at.x, state.at.y, state.buttons, state.keys) == (50, 60, ("back",), ("shift",))
    for again in (desktop.button_down(button="back"), desktop.click(button="back"), desktop.key_down("ctrl+shift")):
        with pytest.raises(WrongHold, match=r"back.*shift"):
            await again
    await desktop.button_up(button="back", settle=QUICK)
    for other in (desktop.button_up(button="back"), desktop.key_up("ctrl")):
        with pytest.raises(WrongHold, match="shift"):
            await other
    with pytest.raises(WrongHold):
        await desktop.type("text")
    await desktop.release_all(settle=QUICK)
    assert (await desktop.pointer()).keys == ()


@check
async def a_request_that_fails_releases_what_it_put_down(desktop: Desktop) -> None:
    with pytest.raises(UnknownKey):
        await desktop.perform(ButtonDown(button="forward"), KeyDown(keys="ctrl"), Press(keys="nosuchkey"))
    state = await desktop.pointer()
    assert (state.buttons, state.keys) == ((), ())


@check
async def a_window_is_dragged_by_its_title_step_by_step(desktop: Desktop) -> None:
    window = await editor(desktop)
    title = (window.region.center.x, window.region.y - 8)
    await desktop.button_down(title)
    await desktop.move((title[0] + 20, title[1] + 30))
    await desktop.button_up((title[0] + 30, title[1] + 20))
    moved = await listed(desktop, window)
    assert (moved.region.x - window.region.x, moved.region.y - window.region.y) == (30, 20)
    assert moved.region.size == window.region.size
