"""Looking."""

from __future__ import annotations

import pytest
from PIL import ImageChops

from harness.errors import NotOnScreen, UsageError
from harness.geometry import ModelPoint
from harness.sandbox.desktop import Desktop, Screenshot
from sandbox_image.wire import Move, Picture, Press, Region, ScreenPoint, Size
from tests.support.conformance.checks import QUICK, check, editor


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


@check
async def a_crop_is_the_crop_of_the_whole_up_to_every_edge(desktop: Desktop) -> None:
    await editor(desktop)
    right, bottom = desktop.screen.width - 1, desktop.screen.height - 1
    whole = (await desktop.screenshot(format="png")).image()
    corners = [Region(x=x, y=y, width=1, height=1) for x in (0, right) for y in (0, bottom)]
    edges = [Region(x=0, y=bottom, width=right + 1, height=1), Region(x=right, y=0, width=1, height=bottom + 1)]
    for region in (*corners, *edges, Region(x=33, y=77, width=201, height=99)):
        part = (await desktop.screenshot(region=region, format="png")).image()
        box = (region.x, region.y, region.x + region.width, region.y + region.height)
        assert part.tobytes() == whole.crop(box).tobytes()


@check
async def webp_is_smaller_and_lossless_webp_the_same_as_png(desktop: Desktop) -> None:
    region = Region(x=10, y=10, width=200, height=150)
    png, exact = [await desktop.screenshot(region=region, format="png"), await lossless(desktop, region)]
    assert exact.image().tobytes() == png.image().tobytes()
    low = await desktop.screenshot(region=region, format="webp", quality=10)
    assert (low.format, low.image().size) == ("webp", (200, 150))
    with pytest.raises(UsageError, match="lossless is for webp"):
        await desktop.screenshot(format="png", lossless=True)


async def lossless(desktop: Desktop, region: Region) -> Screenshot:
    return await desktop.screenshot(region=region, format="webp", lossless=True)


@check
async def the_pointer_is_drawn_only_where_it_is_asked_for(desktop: Desktop) -> None:
    await desktop.move((200, 150))
    plain, pointed = [await desktop.screenshot(format="png", pointer=pointer) for pointer in (False, True)]
    box = ImageChops.difference(plain.image(), pointed.image()).getbbox()
    assert box is not None
    assert box[0] <= 200 < box[2]
    assert box[1] <= 150 < box[3]
    assert max(box[2] - box[0], box[3] - box[1]) <= 64


@check
async def a_zoom_shows_a_region_as_large_as_fits_and_leads_back_to_it(desktop: Desktop) -> None:
    region = Region(x=100, y=50, width=40, height=20)
    assert (await desktop.zoom(region)).size == region.size
    shot = await desktop.zoom(region, size=Size(width=400, height=400))
    assert (shot.size, shot.viewport.region) == (Size(width=400, height=200), region)
    assert shot.viewport.to_screen(ModelPoint(399, 199)) == ScreenPoint(x=139, y=69)
    assert (await desktop.zoom(region, size=Size(width=10, height=10))).size == Size(width=10, height=5)


@check
async def of_changes_only_their_box_is_shown(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.type("w")  # from here on only the text changes, and no longer the title
    change = await desktop.changes(Press(keys="x"))
    assert change.effect.changed
    assert change.picture is not None
    assert change.picture.viewport.region == change.effect.box
    assert change.picture.size.height < window.region.height
    nothing = await desktop.changes(Press(keys="y"), region=Region(x=0, y=desktop.screen.height - 1, width=1, height=1))
    assert nothing.effect.changed
    assert nothing.picture is None
    assert (await desktop.changes(settle=QUICK)).picture is None
