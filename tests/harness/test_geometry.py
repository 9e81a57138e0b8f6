"""From a shown pixel to the screen and back: inside, exact, never clamped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import OutsidePicture
from harness.geometry import (
    HIGH,
    STANDARD,
    ModelBox,
    ModelPoint,
    PictureLimits,
    Viewport,
    fit,
    fit_model,
    patches,
    zoomed,
)
from sandbox_image.wire import Region, ScreenPoint, Size

sides = st.integers(1, 4000)
sizes = st.builds(Size, width=sides, height=sides)
regions = st.builds(Region, x=st.integers(0, 3000), y=st.integers(0, 3000), width=sides, height=sides)
viewports = st.builds(Viewport, region=regions, shown=sizes)


@st.composite
def shown_points(draw: st.DrawFn, *, smaller: bool = False) -> tuple[Viewport, ModelPoint]:
    view = draw(viewports)
    if smaller:
        shown = Size(width=draw(st.integers(1, view.region.width)), height=draw(st.integers(1, view.region.height)))
        view = Viewport(region=view.region, shown=shown)
    x, y = draw(st.integers(0, view.shown.width - 1)), draw(st.integers(0, view.shown.height - 1))
    return view, ModelPoint(x, y)


@given(shown_points())
def test_a_shown_pixel_is_always_in_the_region(case: tuple[Viewport, ModelPoint]) -> None:
    view, point = case
    on = view.to_screen(point)
    assert 0 <= on.x - view.region.x < view.region.width
    assert 0 <= on.y - view.region.y < view.region.height


@given(shown_points(smaller=True))
def test_a_shown_pixel_comes_back_where_the_picture_is_not_larger_than_the_region(
    case: tuple[Viewport, ModelPoint],
) -> None:
    view, point = case
    assert view.to_model(view.to_screen(point)) == point


@given(regions, st.data())
def test_without_scaling_a_pixel_is_itself(region: Region, data: st.DataObject) -> None:
    view = Viewport(region=region, shown=region.size)
    x, y = data.draw(st.integers(0, region.width - 1)), data.draw(st.integers(0, region.height - 1))
    assert view.to_screen(ModelPoint(x, y)) == ScreenPoint(x=region.x + x, y=region.y + y)


@given(viewports)
def test_the_last_pixel_is_in_the_picture_and_the_next_is_not(view: Viewport) -> None:
    right, bottom = view.shown.width - 1, view.shown.height - 1
    view.to_screen(ModelPoint(right, bottom))
    for outside in (ModelPoint(right + 1, bottom), ModelPoint(right, bottom + 1), ModelPoint(-1, 0), ModelPoint(0, -1)):
        with pytest.raises(OutsidePicture, match="take a new screenshot"):
            view.to_screen(outside)


@given(viewports)
def test_the_last_screen_pixel_is_in_the_region_and_the_next_is_not(view: Viewport) -> None:
    left, top = view.region.x, view.region.y
    right, bottom = left + view.region.width - 1, top + view.region.height - 1
    assert view.to_model(ScreenPoint(x=right, y=bottom)) is not None
    for x, y in ((right + 1, bottom), (right, bottom + 1), (left - 1, top), (left, top - 1)):
        with pytest.raises(OutsidePicture):
            view.to_model(ScreenPoint(x=x, y=y))


@pytest.mark.parametrize(
    ("shown", "screen"),
    [
        ((0, 0), (1, 1)),  # the top left pixel, its centre
        ((999, 0), (1998, 1)),  # top right
        ((0, 499), (1, 998)),  # bottom left
        ((999, 499), (1998, 998)),  # bottom right
    ],
)
def test_corners_of_a_picture_at_half_size_map_to_the_centre_of_their_pixels(
    shown: tuple[int, int], screen: tuple[int, int]
) -> None:
    view = Viewport(region=Region(x=0, y=0, width=2000, height=1000), shown=Size(width=1000, height=500))
    on = view.to_screen(ModelPoint(*shown))
    assert abs(on.x - screen[0]) <= 1
    assert abs(on.y - screen[1]) <= 1
    assert view.to_model(on) == ModelPoint(*shown)


@pytest.mark.parametrize(
    ("shown", "box"),
    [
        ((1000, 500), ModelBox(x=10, y=20, width=6, height=5)),
        ((4000, 2000), ModelBox(x=42, y=82, width=20, height=18)),
        ((2000, 1000), ModelBox(x=21, y=41, width=10, height=9)),
    ],
)
def test_a_part_of_the_screen_covers_all_pixels_of_the_picture_that_it_touches(
    shown: tuple[int, int], box: ModelBox
) -> None:
    screen = Region(x=0, y=0, width=2000, height=1000)
    view = Viewport(region=screen, shown=Size(width=shown[0], height=shown[1]))
    assert view.to_model_box(Region(x=21, y=41, width=10, height=9)) == box
    assert view.to_model_box(screen) == ModelBox(x=0, y=0, width=shown[0], height=shown[1])


@given(sizes, sizes)
def test_a_fit_is_inside_and_keeps_the_shape_to_a_pixel(screen: Size, within: Size) -> None:
    fitted = fit(screen, within)
    assert fitted.width <= within.width
    assert fitted.height <= within.height
    if fitted == screen:
        return
    exact = min(within.width / screen.width, within.height / screen.height)
    assert abs(fitted.width - max(1, screen.width * exact)) <= 0.5
    assert abs(fitted.height - max(1, screen.height * exact)) <= 0.5


@given(sizes)
def test_what_fits_is_left_as_it_is(screen: Size) -> None:
    assert fit(screen, screen) == screen
    assert fit(screen, Size(width=screen.width + 1, height=screen.height + 1)) == screen


@given(sizes, sizes)
def test_a_zoom_touches_the_size_it_fits_and_keeps_the_shape_to_a_pixel(region: Size, within: Size) -> None:
    shown = zoomed(region, within)
    assert shown.width <= within.width
    assert shown.height <= within.height
    assert shown.width == within.width or shown.height == within.height
    exact = min(within.width / region.width, within.height / region.height)
    assert abs(shown.width - max(1, region.width * exact)) <= 0.5
    assert abs(shown.height - max(1, region.height * exact)) <= 0.5


@pytest.mark.parametrize(
    ("screen", "limits", "shown"),
    [
        ((1024, 768), STANDARD, (1024, 768)),
        ((1280, 800), STANDARD, (1280, 800)),
        ((1366, 768), STANDARD, (1366, 768)),
        ((1440, 900), STANDARD, (1389, 868)),
        ((1920, 1080), STANDARD, (1456, 819)),
        ((3840, 2160), STANDARD, (1456, 819)),
        ((1440, 900), HIGH, (1440, 900)),
        ((1920, 1080), HIGH, (1920, 1080)),
        ((2560, 1440), HIGH, (2000, 1125)),
        ((3840, 2160), HIGH, (2000, 1125)),
        ((2160, 3840), HIGH, (1125, 2000)),
    ],
)
def test_a_model_is_shown_the_size_that_is_documented(
    screen: tuple[int, int], limits: PictureLimits, shown: tuple[int, int]
) -> None:
    size = fit_model(Size(width=screen[0], height=screen[1]), limits)
    assert (size.width, size.height) == shown


screens = st.builds(Size, width=st.integers(640, 3840), height=st.integers(480, 2160))
tiers = st.sampled_from([STANDARD, HIGH])


@given(screens, tiers)
def test_a_model_is_shown_as_much_as_the_api_leaves_as_it_is(screen: Size, limits: PictureLimits) -> None:
    shown = fit_model(screen, limits)
    assert max(shown.width, shown.height) <= limits.edge
    assert patches(shown) <= limits.patches
    assert shown.width <= screen.width
    assert abs(shown.width * screen.height - shown.height * screen.width) <= max(screen.width, screen.height) / 2 + 1
    if shown != screen:
        long, short = max(shown.width, shown.height) + 1, min(screen.width, screen.height)
        larger = Size(width=long, height=max(1, round(short * long / max(screen.width, screen.height))))
        assert long > limits.edge or patches(larger) > limits.patches


@given(screens, tiers, st.data())
def test_every_pixel_a_model_points_at_comes_back_as_that_pixel(
    screen: Size, limits: PictureLimits, data: st.DataObject
) -> None:
    shown = fit_model(screen, limits)
    view = Viewport(region=Region(x=0, y=0, width=screen.width, height=screen.height), shown=shown)
    point = ModelPoint(data.draw(st.integers(0, shown.width - 1)), data.draw(st.integers(0, shown.height - 1)))
    assert view.to_model(view.to_screen(point)) == point


@given(viewports, st.data())
def test_a_rectangle_of_the_picture_is_one_of_the_region(view: Viewport, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, view.shown.width - 1))
    top = data.draw(st.integers(0, view.shown.height - 1))
    right = data.draw(st.integers(left + 1, view.shown.width))
    bottom = data.draw(st.integers(top + 1, view.shown.height))
    region = view.to_region(ModelPoint(left, top), ModelPoint(right, bottom))
    assert region == view.to_region(ModelPoint(right, bottom), ModelPoint(left, top))
    assert region.clipped(view.region) == region


def test_the_whole_picture_is_the_whole_region() -> None:
    view = Viewport(region=Region(x=7, y=9, width=1920, height=1080), shown=Size(width=1456, height=819))
    assert view.to_region(ModelPoint(0, 0), ModelPoint(1456, 819)) == view.region


@pytest.mark.parametrize("corners", [(0, 0, 0, 5), (0, 3, 5, 3), (-1, 0, 5, 5), (0, 0, 101, 5), (0, 0, 5, 81)])
def test_what_is_no_rectangle_of_the_picture_is_told(corners: tuple[int, int, int, int]) -> None:
    view = Viewport(region=Region(x=0, y=0, width=200, height=160), shown=Size(width=100, height=80))
    with pytest.raises(OutsidePicture, match="x goes from 0 to 100, y from 0 to 80"):
        view.to_region(ModelPoint(*corners[:2]), ModelPoint(*corners[2:]))
