"""From a shown pixel to the screen and back: inside, exact, never clamped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import OutsidePicture
from harness.geometry import ModelPoint, Viewport, fit, zoomed
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
