from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from sandbox_image.cursor import Cursor, drawn
from sandbox_image.screen import Frame
from sandbox_image.wire import Move, Picture, Region, ScreenPoint, Size

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

GROUND = (100, 150, 200)
SCREEN = Region(x=0, y=0, width=1280, height=800)


def ground(region: Region) -> Frame:
    return Frame(Image.new("RGB", (region.width, region.height), GROUND), region)


def box(colour: tuple[int, int, int, int], left: int, top: int) -> Cursor:
    return Cursor(Image.new("RGBA", (10, 10), colour), left, top)


def differing(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(one, other).getbbox()


def test_an_opaque_pixel_covers_and_a_clear_one_shows_the_ground() -> None:
    frame = ground(Region(x=0, y=0, width=50, height=40))
    pointer = box((9, 8, 7, 255), 20, 15)
    pointer.image.putpixel((0, 0), (0, 0, 0, 0))
    shown = drawn(frame, pointer).image
    assert shown.getpixel((20, 15)) == GROUND
    assert shown.crop((21, 15, 30, 25)).getcolors() == [(90, (9, 8, 7))]
    assert shown.getpixel((30, 25)) == GROUND


def test_a_pixel_that_is_a_fifth_clear_lets_a_fifth_of_the_ground_through() -> None:
    frame = ground(Region(x=0, y=0, width=50, height=40))
    shown = drawn(frame, box((51, 51, 51, 204), 0, 0)).image
    assert shown.getpixel((5, 5)) == (51 + 20, 51 + 30, 51 + 40)


def test_the_frame_itself_stays_without_the_pointer() -> None:
    frame = ground(Region(x=0, y=0, width=50, height=40))
    drawn(frame, box((0, 0, 0, 255), 0, 0))
    assert frame.image.getcolors() == [(2000, GROUND)]


@pytest.mark.parametrize(
    ("left", "top", "seen"),
    [
        (95, 195, (0, 0, 5, 5)),  # the frame begins at (100, 200)
        (145, 235, (45, 35, 50, 40)),
        (100, 200, (0, 0, 10, 10)),
        (80, 200, None),
        (150, 240, None),
    ],
)
def test_of_a_pointer_at_an_edge_the_part_inside_is_drawn(
    left: int, top: int, seen: tuple[int, int, int, int] | None
) -> None:
    frame = ground(Region(x=100, y=200, width=50, height=40))
    shown = drawn(frame, box((0, 0, 0, 255), left, top))
    assert shown.region == frame.region
    assert differing(shown.image, frame.image) == seen


async def picture(hands: Hands, wanted: Picture) -> Image.Image:
    return Image.open(io.BytesIO((await hands.perform(picture=wanted)).picture)).convert("RGB")


@pytest.mark.x11
async def test_the_pointer_is_in_the_picture_only_where_it_is_asked_for(hands: Hands, target: Target) -> None:
    at = target.at(100, 100)
    await hands.do(Move(to=at))
    plain, again, pointed = [await picture(hands, Picture(format="png", pointer=wish)) for wish in (False, False, True)]
    assert differing(plain, again) is None
    seen = differing(plain, pointed)
    assert seen is not None
    assert seen[0] <= at.x < seen[2]
    assert seen[1] <= at.y < seen[3]
    assert max(seen[2] - seen[0], seen[3] - seen[1]) <= 64


@pytest.mark.x11
@pytest.mark.parametrize("corner", [(0, 0), (1279, 0), (0, 799), (1279, 799)])
async def test_the_pointer_is_drawn_in_every_corner_of_the_screen(hands: Hands, corner: tuple[int, int]) -> None:
    await hands.do(Move(to=ScreenPoint(x=corner[0], y=corner[1])))
    plain, pointed = [await picture(hands, Picture(format="png", pointer=wish)) for wish in (False, True)]
    seen = differing(plain, pointed)
    assert seen is not None
    assert abs(seen[0] - corner[0]) <= 64
    assert abs(seen[1] - corner[1]) <= 64


@pytest.mark.x11
async def test_the_pointer_shrinks_with_the_picture(hands: Hands, target: Target) -> None:
    at = target.at(100, 100)
    await hands.do(Move(to=at))
    half = Size(width=640, height=400)
    plain, pointed = [await picture(hands, Picture(format="png", size=half, pointer=wish)) for wish in (False, True)]
    seen = differing(plain, pointed)
    assert seen is not None
    assert abs(seen[0] - at.x // 2) <= 32
    assert max(seen[2] - seen[0], seen[3] - seen[1]) <= 32


@pytest.mark.x11
async def test_a_region_holds_its_part_of_the_pointer(hands: Hands, target: Target) -> None:
    at = target.at(100, 100)
    await hands.do(Move(to=at))
    region = Region(x=at.x, y=at.y, width=30, height=30)
    whole = await picture(hands, Picture(format="png", pointer=True))
    part = await picture(hands, Picture(format="png", pointer=True, region=region))
    assert part.tobytes() == whole.crop((at.x, at.y, at.x + 30, at.y + 30)).tobytes()
    assert part.tobytes() != (await picture(hands, Picture(format="png", region=region))).tobytes()
