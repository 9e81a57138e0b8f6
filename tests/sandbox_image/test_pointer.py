from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest
from Xlib import X
from Xlib.display import Display

from sandbox_image.wire import Click, Drag, ErrorCode, Move, ScreenPoint, Scroll
from tests.support.hands import failure_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11
CORNERS = [(0, 0), (1279, 0), (0, 799), (1279, 799)]
OUTSIDE = [(-1, 0), (0, -1), (1280, 0), (0, 800), (32767, 32767), (-32768, 10)]


def where(display: str) -> tuple[int, int, int]:
    x = Display(display)
    state = x.screen().root.query_pointer()
    x.close()
    return state.root_x, state.root_y, state.mask & 0x1F00


@pytest.mark.parametrize(("x", "y"), [*CORNERS, (640, 400)])
async def test_the_pointer_goes_to_the_very_pixel_corners_included(hands: Hands, display: str, x: int, y: int) -> None:
    await hands.do(Move(to=ScreenPoint(x=x, y=y)))
    assert where(display) == (x, y, 0)


@pytest.mark.parametrize(("x", "y"), OUTSIDE)
async def test_a_point_off_the_screen_is_refused_and_nothing_moves(hands: Hands, display: str, x: int, y: int) -> None:
    await hands.do(Move(to=ScreenPoint(x=500, y=500)))
    place = ScreenPoint(x=x, y=y)
    for action in (Move(to=place), Click(at=place), Drag(path=(ScreenPoint(x=5, y=5), place)), Scroll(at=place, dy=1)):
        answer = await hands.perform(action)
        assert failure_in(answer).code is ErrorCode.OFF_SCREEN
        assert f"({x}, {y}) is off the screen: x goes from 0 to 1279, y from 0 to 799" in failure_in(answer).message
        assert where(display) == (500, 500, 0)


@pytest.mark.parametrize(("button", "number"), [("left", 1), ("middle", 2), ("right", 3)])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_a_click_presses_its_button_so_often_at_the_place(
    hands: Hands, target: Target, button: Literal["left", "middle", "right"], number: int, count: int
) -> None:
    place = target.at(37, 53)
    await hands.do(Click(at=place, button=button, count=count))
    expected = [("press", number, place.x, place.y), ("release", number, place.x, place.y)] * count
    assert target.noted("press", "release", count=2 * count) == expected


async def test_a_click_without_a_place_is_where_the_pointer_is(hands: Hands, target: Target) -> None:
    place = target.at(100, 100)
    await hands.do(Move(to=place), Click())
    assert [(note.x, note.y) for note in target.noted("press", count=1)] == [(place.x, place.y)]


async def test_a_drag_moves_along_its_path_with_the_button_down(hands: Hands, target: Target) -> None:
    path = tuple(target.at(*place) for place in ((20, 20), (220, 20), (220, 120)))
    await hands.do(Move(to=target.at(300, 300)))
    target.noted()
    await hands.do(Drag(path=path, button="right"))
    notes = target.noted("press", "release", "motion", count=33)
    start = next(index for index, note in enumerate(notes) if note.kind == "press")
    assert notes[start][1:] == (3, path[0].x, path[0].y)
    assert notes[-1] == ("release", 3, path[-1].x, path[-1].y)
    motions = [(note.x, note.y) for note in notes[start + 1 : -1]]
    assert [*motions[:2], motions[-1]] == [
        (path[0].x + 10, path[0].y),
        (path[0].x + 20, path[0].y),
        (path[2].x, path[2].y),
    ]
    assert (path[1].x, path[1].y) in motions
    assert all(x == path[1].x or y == path[1].y for x, y in motions)


@pytest.mark.parametrize(
    ("scroll", "buttons"),
    [
        ((0, 3), [5] * 3),
        ((0, -2), [4] * 2),
        ((2, 0), [7] * 2),
        ((-1, 0), [6]),
        ((1, 1), [5, 7]),
    ],
)
async def test_the_wheel_turns_by_so_many_clicks_each_way(
    hands: Hands, target: Target, scroll: tuple[int, int], buttons: list[int]
) -> None:
    place = target.at(50, 60)
    await hands.do(Scroll(at=place, dx=scroll[0], dy=scroll[1]))
    notes = target.noted("press", count=len(buttons))
    assert [note.detail for note in notes] == buttons
    assert {(note.x, note.y) for note in notes} == {(place.x, place.y)}


async def test_a_long_scroll_arrives_whole(hands: Hands, target: Target) -> None:
    await hands.do(Scroll(at=target.at(50, 60), dy=1000))
    assert len(target.noted("release", count=1000)) == 1000


async def test_a_pointer_that_a_program_holds_elsewhere_is_not_pressed(hands: Hands, target: Target) -> None:
    await hands.do(Move(to=target.at(10, 10)))
    target.window.grab_pointer(
        owner_events=True, event_mask=X.ButtonPressMask, pointer_mode=X.GrabModeAsync, keyboard_mode=X.GrabModeAsync,
        confine_to=target.window, cursor=X.NONE, time=X.CurrentTime,
    )  # fmt: skip
    target.noted()
    answer = await hands.perform(Click(at=ScreenPoint(x=5, y=5)))
    assert failure_in(answer).code is ErrorCode.BLOCKED
    assert target.noted("press") == []


async def test_a_button_that_somebody_left_down_is_released_first(hands: Hands, target: Target, display: str) -> None:
    await hands.do(Move(to=target.at(10, 10)))
    x = Display(display)
    x.xtest_fake_input(X.ButtonPress, 1)
    x.sync()
    x.close()
    await hands.do(Move(to=target.at(30, 30)))
    assert where(display)[2] == 0


async def test_a_drag_rests_at_each_of_its_points_for_longer_than_a_frame_of_a_browser(
    hands: Hands, target: Target
) -> None:
    path = tuple(target.at(*place) for place in ((20, 20), (220, 20), (220, 120)))
    await hands.do(Drag(path=path))
    rests = target.rests((point.x, point.y) for point in path)
    assert min(rests) > 1000 / 60, rests


async def test_cancelling_a_drag_releases_the_button(hands: Hands, target: Target, display: str) -> None:
    path = tuple(target.at(20 + 500 * (turn % 2), 20) for turn in range(200))
    dragging = asyncio.create_task(hands.perform(Drag(path=path)))
    await asyncio.to_thread(target.await_first, "press")
    dragging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dragging
    assert where(display)[2] == 0
