from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops

from sandbox_image.screen import Frame, cropped, difference, encoded, scaled
from sandbox_image.settle import Box
from sandbox_image.wire import ErrorCode, Picture, PictureFormat, Region, Size
from tests.support.hands import failure_in, picture_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

BOTH: tuple[PictureFormat, ...] = ("webp", "jpeg")
SCREEN = Region(x=0, y=0, width=1280, height=800)


def pattern(width: int = 320, height: int = 200) -> Image.Image:
    """Every pixel of its own colour, the three channels all different."""
    across = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, across.rotate(90).resize((width, height)), ImageChops.invert(across)))


def noise(width: int = 640, height: int = 400) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 80) for _ in range(3)])


def frame(image: Image.Image, x: int = 0, y: int = 0) -> Frame:
    return Frame(image, Region(x=x, y=y, width=image.width, height=image.height))


def test_png_holds_exactly_the_pixels() -> None:
    info, data = encoded(frame(pattern()), Picture(format="png"))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert ImageChops.difference(image.convert("RGB"), pattern()).getbbox() is None
    assert (info.format, info.length, info.size) == ("png", len(data), Size(width=320, height=200))


@pytest.mark.parametrize("wish", [Picture(format="png"), Picture(format="webp", lossless=True)])
def test_what_x_gives_is_told_in_its_colours_whatever_its_fourth_byte_holds(wish: Picture) -> None:
    red, green, blue = pattern().split()
    without_meaning = Image.effect_noise(pattern().size, 80)
    given = bytearray(Image.merge("RGBX", (blue, green, red, without_meaning)).tobytes())
    grabbed = Frame(given, Region(x=0, y=0, width=320, height=200))
    with Image.open(io.BytesIO(encoded(grabbed, wish)[1])) as image:
        assert image.convert("RGB").tobytes() == pattern().tobytes()
    assert grabbed.image.tobytes() == grabbed.view.tobytes() == pattern().tobytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (257, 3), (1279, 799)])
def test_png_holds_exactly_the_pixels_at_odd_sizes(size: tuple[int, int]) -> None:
    _, data = encoded(frame(pattern(*size)), Picture(format="png"))
    with Image.open(io.BytesIO(data)) as image:
        assert image.convert("RGB").tobytes() == pattern(*size).tobytes()


def test_auto_is_png_for_a_plain_picture_and_jpeg_for_a_busy_one() -> None:
    assert encoded(frame(Image.new("RGB", (1280, 800), "teal")), Picture())[0].format == "png"
    info, data = encoded(frame(noise()), Picture())
    assert info.format == "jpeg"
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (640, 400))


def test_a_busy_picture_that_does_not_look_like_one_is_jpeg_as_well() -> None:
    half_plain = noise()
    for top in range(0, half_plain.height, 100):
        half_plain.paste("teal", (0, top + 40, half_plain.width, top + 60))
    assert encoded(frame(half_plain), Picture())[0].format == "jpeg"


def test_png_that_was_asked_for_comes_however_large() -> None:
    assert encoded(frame(noise()), Picture(format="png", png_limit=0))[0].format == "png"


def test_lossless_webp_holds_exactly_the_pixels() -> None:
    info, data = encoded(frame(pattern()), Picture(format="webp", lossless=True))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        assert image.convert("RGB").tobytes() == pattern().tobytes()
    assert (info.format, info.length, info.size) == ("webp", len(data), Size(width=320, height=200))


def test_webp_with_a_quality_is_smaller_than_the_jpeg_of_it() -> None:
    webp, jpeg = (encoded(frame(pattern(640, 400)), Picture(format=kind))[0].length for kind in BOTH)
    assert webp < jpeg


def test_a_better_quality_takes_more_bytes() -> None:
    for kind in BOTH:
        low, high = (encoded(frame(noise()), Picture(format=kind, quality=quality))[0].length for quality in (30, 90))
        assert low < high


@pytest.mark.parametrize("size", [(640, 400), (320, 200), (1024, 640), (1000, 777), (1280, 800), (1600, 900), (1, 1)])
def test_a_picture_has_exactly_the_size_that_was_asked_for(size: tuple[int, int]) -> None:
    wanted = Size(width=size[0], height=size[1])
    info, data = encoded(frame(pattern(1280, 800)), Picture(size=wanted))
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == size
    assert (info.size, info.region) == (wanted, SCREEN)


def test_scaling_keeps_a_plain_colour_plain() -> None:
    for size in (Size(width=320, height=200), Size(width=333, height=222), Size(width=2000, height=1500)):
        assert scaled(Image.new("RGB", (1280, 800), "teal"), size).getcolors() == [
            (size.width * size.height, (0, 128, 128))
        ]


def test_a_part_of_a_frame_is_told_in_screen_pixels() -> None:
    part = cropped(frame(pattern(), x=100, y=50), Region(x=110, y=60, width=20, height=10))
    assert part.image.tobytes() == pattern().crop((10, 10, 30, 20)).tobytes()
    assert part.region == Region(x=110, y=60, width=20, height=10)


def test_equal_frames_do_not_differ() -> None:
    assert difference(pattern(), pattern()) == (None, 0.0)


@pytest.mark.parametrize("colour", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_one_pixel_that_differs_by_one_in_one_channel_is_found(colour: tuple[int, int, int]) -> None:
    before = Image.new("RGB", (100, 50))
    after = before.copy()
    after.putpixel((70, 30), colour)
    assert difference(before, after) == (Box(70, 30, 71, 31), 1 / 5000)


def test_the_share_counts_pixels_that_differ_and_not_the_box_around_them() -> None:
    before = Image.new("RGB", (100, 50))
    after = before.copy()
    after.paste((9, 9, 9), (10, 10, 20, 20))
    after.putpixel((99, 49), (0, 0, 9))
    assert difference(before, after) == (Box(10, 10, 100, 50), 101 / 5000)


@pytest.mark.x11
async def test_a_screenshot_shows_exactly_what_is_on_the_screen(hands: Hands, target: Target) -> None:
    target.fill(0, 0, 10, 10, 0x123456)
    target.fill(10, 0, 10, 10, 0xFEDCBA)
    corner = target.at(0, 0)
    region = Region(x=corner.x, y=corner.y, width=20, height=10)
    answer = await hands.perform(picture=Picture(region=region))
    assert picture_in(answer).region == region
    with Image.open(io.BytesIO(answer.picture)) as image:
        pixels = image.convert("RGB")
    assert pixels.crop((0, 0, 10, 10)).getcolors() == [(100, (0x12, 0x34, 0x56))]
    assert pixels.crop((10, 0, 20, 10)).getcolors() == [(100, (0xFE, 0xDC, 0xBA))]


@pytest.mark.x11
async def test_the_whole_screen_holds_the_region_at_its_place(hands: Hands, target: Target) -> None:
    target.fill(30, 40, 50, 60, 0x00FF00)
    answer = await hands.perform(picture=Picture(format="png"))
    with Image.open(io.BytesIO(answer.picture)) as image:
        assert image.size == (1280, 800)
        corner = target.at(30, 40)
        green = image.convert("RGB").crop((corner.x, corner.y, corner.x + 50, corner.y + 60))
        assert green.getcolors() == [(3000, (0, 255, 0))]


@pytest.mark.x11
async def test_a_smaller_picture_is_of_the_whole_region(hands: Hands) -> None:
    wanted = Size(width=1024, height=640)
    answer = await hands.perform(picture=Picture(size=wanted, format="jpeg"))
    assert (picture_in(answer).size, picture_in(answer).region) == (wanted, SCREEN)
    with Image.open(io.BytesIO(answer.picture)) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 640))


@pytest.mark.x11
@pytest.mark.parametrize("place", [(-1, 0, 5, 5), (0, -1, 5, 5), (1276, 0, 5, 5), (0, 796, 5, 5), (0, 0, 1281, 800)])
async def test_a_region_that_is_not_on_the_screen_is_refused(hands: Hands, place: tuple[int, int, int, int]) -> None:
    x, y, width, height = place
    answer = await hands.perform(picture=Picture(region=Region(x=x, y=y, width=width, height=height)))
    assert failure_in(answer).code is ErrorCode.OFF_SCREEN
    assert "x goes from 0 to 1279, y from 0 to 799" in failure_in(answer).message
    assert answer.picture == b""
