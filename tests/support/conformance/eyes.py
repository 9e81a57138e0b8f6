"""Looking."""

from __future__ import annotations

import pytest

from harness.errors import NotOnScreen
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Move, Picture, Region, ScreenPoint, Size
from tests.support.conformance.checks import check


@check
async def a_screenshot_shows_the_whole_screen_pixel_by_pixel(desktop: Desktop) -> None:
    shot = await desktop.screenshot(format="png")
    assert (shot.format, shot.size) == ("png", desktop.screen)
    assert shot.image().size == (desktop.screen.width, desktop.screen.height)


@check
async def a_screenshot_of_a_region_has_exactly_the_size_asked_for(desktop: Desktop) -> None:
    region = Region(x=11, y=7, width=101, height=53)
    shot = await desktop.screenshot(region=region, size=Size(width=50, height=33), format="jpeg")
    assert (shot.format, shot.viewport.region, shot.image().size) == ("jpeg", region, (50, 33))
    assert (await desktop.screenshot(region=region)).size == region.size


@check
async def regions_off_the_screen_are_refused_before_anything_is_done(desktop: Desktop) -> None:
    beyond = Region(x=desktop.screen.width - 10, y=0, width=11, height=10)
    with pytest.raises(NotOnScreen):
        await desktop.screenshot(region=beyond)
    with pytest.raises(NotOnScreen):
        await desktop.read_text(beyond)
    with pytest.raises(NotOnScreen) as caught:
        await desktop.perform(Move(to=ScreenPoint(x=1, y=1)), picture=Picture(region=beyond))
    assert caught.value.reply is not None
    assert caught.value.reply.results == ()
