"""How the fake screen is compared, cut out and encoded."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from harness.testing.eyes import compare, photograph
from sandbox_image.wire import Effect, Picture, PictureInfo, Region, ScreenPoint, Settle, Size

CORNER = ScreenPoint(x=0, y=0)
FRAME = Image.effect_noise((200, 100), 200).convert("RGB")


def taken(picture: Picture, *, pointer: ScreenPoint = CORNER, effect: Effect | None = None) -> PictureInfo:
    """What is told about the picture, which must say the same itself."""
    photo = photograph(FRAME, picture, pointer, effect)
    assert photo is not None
    info, data = photo
    with Image.open(io.BytesIO(data)) as image:
        assert (image.size, image.format) == ((info.size.width, info.size.height), info.format.upper())
    return info


def test_frames_are_compared_pixel_by_pixel() -> None:
    before = Image.new("RGB", (100, 50))
    after = before.copy()
    after.putpixel((10, 20), (0, 0, 1))
    after.putpixel((12, 25), (9, 0, 0))
    effect = compare(before, after, Settle(quiet_ms=7))
    assert (effect.changed, effect.box, effect.share, effect.waited_ms) == (
        True,
        Region(x=10, y=20, width=3, height=6),
        2 / 5000,
        7,
    )
    assert not compare(before, before, Settle()).changed


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_is_cropped_scaled_and_encoded_as_asked(kind: str) -> None:
    region, size = Region(x=10, y=20, width=100, height=50), Size(width=30, height=20)
    info = taken(Picture.model_validate({"region": region, "size": size, "format": kind}))
    assert (info.region, info.size, info.format) == (region, size, kind)


def test_auto_is_jpeg_beyond_the_limit_and_png_stays_png() -> None:
    assert taken(Picture(png_limit=100)).format == "jpeg"
    assert taken(Picture(format="png", png_limit=100)).format == "png"


def test_the_pointer_is_drawn_where_it_is() -> None:
    plain, pointed = (
        photograph(FRAME, Picture(format="png", pointer=pointer), ScreenPoint(x=190, y=95), None)
        for pointer in (False, True)
    )
    assert plain is not None
    assert pointed is not None
    images = [Image.open(io.BytesIO(data)) for _, data in (plain, pointed)]
    box = ImageChops.difference(*images).getbbox()
    assert box is not None
    assert box[:2] == (190, 95)


@pytest.mark.parametrize(
    ("region", "shown"),
    [
        (None, Region(x=50, y=40, width=20, height=10)),
        (Region(x=0, y=0, width=60, height=45), Region(x=50, y=40, width=10, height=5)),
        (Region(x=0, y=0, width=50, height=40), None),
    ],
)
def test_of_changes_only_their_part_of_the_region_is_shown(region: Region | None, shown: Region | None) -> None:
    after = FRAME.copy()
    after.paste((255, 0, 0), (50, 40, 70, 50))
    photo = photograph(after, Picture(region=region, only_changes=True), CORNER, compare(FRAME, after, Settle()))
    assert (photo and photo[0].region) == shown


def test_where_nothing_changed_there_is_no_picture_of_it() -> None:
    assert photograph(FRAME, Picture(only_changes=True), CORNER, compare(FRAME, FRAME, Settle())) is None
