from __future__ import annotations

import asyncio
import io
import random
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from sandbox_image.wire import Answer, Click, Picture, Region, Settle
from tests.support.hands import effect_in, failure_in, picture_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

WIDTH, HEIGHT = 1280, 800
SETTLE = Settle(quiet_ms=50, first_ms=1000)


def image_in(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


async def drawing(hands: Hands, target: Target, picture: Picture) -> Answer:
    """A click that the window answers with a box of 50x60 at (30, 40), and the picture of it."""
    clicking = asyncio.create_task(hands.perform(Click(at=target.at(30, 40)), settle=SETTLE, picture=picture))
    await asyncio.to_thread(target.await_first, "press")
    target.fill(30, 40, 50, 60, 0x123456)
    return await clicking


def regions() -> list[Region]:
    """A pixel in each corner, whole rows and columns, and others anywhere."""
    edges = [(0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)]
    found = [Region(x=x, y=y, width=1, height=1) for x, y in edges]
    found += [Region(x=0, y=y, width=WIDTH, height=1) for y in (0, 399, HEIGHT - 1)]
    found += [Region(x=x, y=0, width=1, height=HEIGHT) for x in (0, 641, WIDTH - 1)]
    chance = random.Random(20)  # noqa: S311 - the same places in every run
    for _ in range(40):
        x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
        width, height = chance.randint(1, WIDTH - x), chance.randint(1, HEIGHT - y)
        found.append(Region(x=x, y=y, width=width, height=height))
    return found


@pytest.mark.x11
async def test_a_crop_is_the_crop_of_the_whole_pixel_by_pixel(hands: Hands, target: Target) -> None:
    chance = random.Random(10)  # noqa: S311 - the same colours in every run
    for x in range(0, 640, 16):
        for y in range(0, 480, 16):
            target.fill(x, y, chance.randint(1, 16), chance.randint(1, 16), chance.randrange(1 << 24))
    whole = image_in((await hands.perform(picture=Picture(format="png"))).picture)
    for region in regions():
        answer = await hands.perform(picture=Picture(format="png", region=region))
        box = (region.x, region.y, region.x + region.width, region.y + region.height)
        assert picture_in(answer).region == region
        assert image_in(answer.picture).tobytes() == whole.crop(box).tobytes(), region


@pytest.mark.x11
async def test_only_what_changed_is_shown(hands: Hands, target: Target) -> None:
    corner = target.at(30, 40)
    answer = await drawing(hands, target, Picture(format="png", only_changes=True))
    box = Region(x=corner.x, y=corner.y, width=50, height=60)
    assert (effect_in(answer).box, picture_in(answer).region, picture_in(answer).size) == (box, box, box.size)
    assert image_in(answer.picture).getcolors() == [(3000, (0x12, 0x34, 0x56))]


@pytest.mark.x11
async def test_of_what_changed_only_the_part_in_the_region_is_shown(hands: Hands, target: Target) -> None:
    corner = target.at(30, 40)
    left = Region(x=0, y=0, width=corner.x + 10, height=HEIGHT)
    answer = await drawing(hands, target, Picture(region=left, only_changes=True))
    assert picture_in(answer).region == Region(x=corner.x, y=corner.y, width=10, height=60)


@pytest.mark.x11
async def test_where_nothing_changed_there_is_no_picture(hands: Hands, target: Target) -> None:
    await hands.perform(settle=Settle())  # the window's frame is drawn a moment after the window
    quiet = Settle(quiet_ms=1, first_ms=1)
    answer = await hands.perform(settle=quiet, picture=Picture(only_changes=True))
    assert not effect_in(answer).changed
    assert (answer.reply.picture, answer.picture) == (None, b"")
    beside = Picture(region=Region(x=0, y=0, width=10, height=10), only_changes=True)
    answer = await drawing(hands, target, beside)
    assert effect_in(answer).changed
    assert (answer.reply.picture, answer.picture) == (None, b"")


@pytest.mark.x11
async def test_changes_off_the_screen_are_refused_before_anything_is_done(hands: Hands, target: Target) -> None:
    beyond = Picture(region=Region(x=1270, y=0, width=11, height=5), only_changes=True)
    answer = await hands.perform(Click(at=target.at(5, 5)), settle=SETTLE, picture=beyond)
    assert "not on the screen" in failure_in(answer).message
    assert target.noted("press") == []
