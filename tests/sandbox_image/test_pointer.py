from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from Xlib import X
from Xlib.display import Display

from sandbox_image.display import Connection
from sandbox_image.wire import (
    Button,
    ButtonDown,
    ButtonUp,
    Click,
    Drag,
    ErrorCode,
    KeyDown,
    Move,
    PointerAction,
    PointerState,
    Press,
    ReadPointer,
    ReleaseAll,
    ScreenPoint,
    Scroll,
    WaitWindow,
)
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


@pytest.mark.parametrize(("button", "number"), [("left", 1), ("middle", 2), ("right", 3), ("back", 8), ("forward", 9)])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_a_click_presses_its_button_so_often_at_the_place(
    hands: Hands, target: Target, button: Button, number: int, count: int
) -> None:
    place = target.at(37, 53)
    await hands.do(Click(at=place, button=button, count=count))
    expected = [("press", number, place.x, place.y), ("release", number, place.x, place.y)] * count
    assert target.noted("press", "release", count=2 * count) == expected


async def test_a_click_without_a_place_is_where_the_pointer_is(hands: Hands, target: Target) -> None:
    place = target.at(100, 100)
    await hands.do(Move(to=place), Click())
    assert [(note.x, note.y) for note in target.noted("press", count=1)] == [(place.x, place.y)]


async def test_clicks_of_one_triple_click_never_have_the_same_time(hands: Hands, target: Target) -> None:
    for _ in range(20):
        await hands.do(Click(at=target.at(37, 53), count=3))
    times = target.times(X.ButtonPress, 60)
    assert len(set(times)) == 60


@pytest.mark.parametrize("then", [Click(count=2), Drag(path=(ScreenPoint(x=0, y=0),) * 2), ButtonDown()])
async def test_a_click_is_not_counted_with_what_is_pressed_after_it(
    hands: Hands, target: Target, then: Click | Drag | ButtonDown
) -> None:
    place = target.at(37, 53)
    if isinstance(then, Drag):
        then = Drag(path=(place, target.at(90, 90)))
    await hands.do(Click(at=place))
    await hands.do(then)
    first, second = target.times(X.ButtonPress, 2)
    assert second - first > 500


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


# --- modifiers --------------------------------------------------------------------------------------------------------


CTRL, SHIFT = 37, 50


@pytest.mark.parametrize(
    "act",
    [
        lambda at: Click(at=at, count=2, modifiers=("ctrl", "Shift")),
        lambda at: Drag(path=(at, at), modifiers=("CONTROL", "shift_l")),
        lambda at: Scroll(at=at, dy=2, modifiers=("Control_L", "SHIFT")),
    ],
)
async def test_modifiers_are_down_around_clicks_drags_and_scrolls(
    hands: Hands, target: Target, act: Callable[[ScreenPoint], PointerAction]
) -> None:
    await hands.do(Move(to=target.at(10, 10)), act(target.at(30, 30)))
    notes = [(note.kind, note.detail) for note in target.noted("key", "unkey", "press", "release", count=6)]
    assert notes[:2] == [("key", CTRL), ("key", SHIFT)]
    assert notes[-2:] == [("unkey", SHIFT), ("unkey", CTRL)]
    assert {kind for kind, _ in notes[2:-2]} == {"press", "release"}


@pytest.mark.parametrize("button", ["left", "right"])
async def test_what_is_done_with_alt_is_for_the_program(hands: Hands, target: Target, button: Button) -> None:
    region = target.region
    await hands.do(Drag(path=(target.at(30, 30), target.at(90, 60)), button=button, modifiers=("alt",)))
    notes = target.noted("press", "release", count=2)
    assert [note.kind for note in notes] == ["press", "release"]
    assert target.region == region


@pytest.mark.parametrize("name", ["nokey", "a", "Caps_Lock", ""])
async def test_what_is_no_modifier_is_refused_before_anything_happens(
    hands: Hands, target: Target, display: str, name: str
) -> None:
    await hands.do(Move(to=target.at(10, 10)))
    target.noted()
    answer = await hands.perform(Click(at=target.at(50, 50), modifiers=("ctrl", name)))
    assert failure_in(answer).code is ErrorCode.UNKNOWN_KEY
    assert target.noted() == []
    assert where(display)[:2] == (target.at(10, 10).x, target.at(10, 10).y)


async def test_a_modifier_that_is_held_already_stays_down_after_the_click(hands: Hands, target: Target) -> None:
    await hands.do(KeyDown(keys="ctrl"), Click(at=target.at(30, 30), modifiers=("ctrl", "shift")))
    notes = [(note.kind, note.detail) for note in target.noted("key", "unkey", count=3)]
    assert notes == [("key", CTRL), ("key", SHIFT), ("unkey", SHIFT)]


# --- buttons that are held --------------------------------------------------------------------------------------------


@pytest.fixture
def down(display: str) -> Iterator[Callable[[], list[int]]]:
    """Asks for the buttons and keys that are down."""
    connection = Connection(display)
    yield lambda: connection.buttons_down() + connection.keys_down()
    connection.close()


async def state_of(hands: Hands) -> PointerState:
    (result,) = (await hands.do(ReadPointer())).reply.results
    assert isinstance(result, PointerState)
    return result


async def test_what_is_held_outlives_requests_until_it_is_released(
    hands: Hands, target: Target, down: Callable[[], list[int]]
) -> None:
    place = target.at(40, 40)
    await hands.do(ButtonDown(at=place, button="forward"), ButtonDown(button="right"), KeyDown(keys="shift"))
    assert failure_in(await hands.perform(Press(keys="nokey"))).code is ErrorCode.UNKNOWN_KEY
    waiting = asyncio.create_task(hands.perform(Click(), WaitWindow(title="never", timeout_ms=60_000)))
    await asyncio.to_thread(target.await_first, "release")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert down() == [3, 9, SHIFT]
    assert await state_of(hands) == PointerState(at=place, buttons=("forward", "right"), keys=("shift",))
    await hands.do(ButtonUp(button="forward"))
    assert down() == [3, SHIFT]
    await hands.do(ReleaseAll())
    assert down() == []
    assert await state_of(hands) == PointerState(at=place, buttons=(), keys=())


async def test_a_request_that_fails_releases_what_it_put_down_but_not_what_was_held(
    hands: Hands, target: Target, down: Callable[[], list[int]]
) -> None:
    await hands.do(ButtonDown(at=target.at(40, 40), button="back"))
    answer = await hands.perform(ButtonDown(button="right"), KeyDown(keys="ctrl"), Press(keys="nokey"))
    assert failure_in(answer).action == 2
    assert down() == [8]


async def test_a_request_that_is_cancelled_releases_what_it_put_down(
    hands: Hands, target: Target, down: Callable[[], list[int]]
) -> None:
    never = WaitWindow(title="never", timeout_ms=60_000)
    waiting = asyncio.create_task(hands.perform(ButtonDown(at=target.at(40, 40)), never))
    await asyncio.to_thread(target.await_first, "press")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert down() == []


async def test_a_new_server_releases_what_the_one_before_it_left_down(
    hands: Hands, target: Target, down: Callable[[], list[int]]
) -> None:
    from sandbox_image.dispatch import Dispatch  # noqa: PLC0415 - only the X ring has python-xlib everywhere

    await hands.do(ButtonDown(at=target.at(40, 40)), ButtonDown(button="forward"), KeyDown(keys="a"))
    assert down() == [1, 9, 38]
    successor = Dispatch(hands.worker)
    successor.attach(hands.display)
    await asyncio.to_thread(target.await_first, "unkey")
    assert down() == []
    successor.detach()


async def test_what_is_held_survives_a_lost_connection(
    hands: Hands, target: Target, down: Callable[[], list[int]]
) -> None:
    await hands.do(ButtonDown(at=target.at(40, 40)))
    async with (await hands.dispatch._up()).acting() as lane:  # noqa: SLF001 - which connection to cut
        lane.desk.x.cut()
    await hands.do(Move(to=target.at(60, 60)))
    assert down() == [1]


async def test_what_another_program_released_is_not_held_any_more(
    hands: Hands, target: Target, display: str, down: Callable[[], list[int]]
) -> None:
    await hands.do(ButtonDown(at=target.at(40, 40)), ButtonDown(button="right"))
    x = Display(display)
    x.xtest_fake_input(X.ButtonRelease, 1)
    x.sync()
    x.close()
    assert (await state_of(hands)).buttons == ("right",)
    assert down() == [3]


@pytest.mark.parametrize("act", [Click, ButtonDown, lambda: Drag(path=(ScreenPoint(x=1, y=1),) * 2)])
async def test_a_button_that_is_held_cannot_be_pressed_again(
    hands: Hands, target: Target, act: Callable[[], PointerAction]
) -> None:
    await hands.do(ButtonDown(at=target.at(40, 40)))
    target.noted("press", count=1)
    failure = failure_in(await hands.perform(act()))
    assert failure.code is ErrorCode.HELD
    assert "'left' is held down already: down are the left button" in failure.message
    assert target.noted() == []


async def test_a_button_that_is_not_held_cannot_be_released(hands: Hands, target: Target) -> None:
    answer = await hands.perform(ButtonUp(at=target.at(5, 5)))
    assert failure_in(answer).code is ErrorCode.HELD
    assert "'left' is not held down: nothing is down" in failure_in(answer).message
    await hands.do(ButtonDown(at=target.at(40, 40), button="back"), KeyDown(keys="ctrl"))
    answer = await hands.perform(ButtonUp(at=target.at(5, 5)))
    assert "'left' is not held down: down are the back button, 'ctrl'" in failure_in(answer).message


async def test_a_move_with_a_button_held_goes_all_the_way(hands: Hands, target: Target) -> None:
    start, end = target.at(20, 20), target.at(220, 120)
    await hands.do(ButtonDown(at=start))
    target.noted("press", count=1)
    await hands.do(Move(to=end))
    await hands.do(ButtonUp())
    notes = target.noted("motion", "release", count=23)
    assert notes[-1] == ("release", 1, end.x, end.y)
    places = [(start.x, start.y), *((note.x, note.y) for note in notes[:-1])]
    assert places[-1] == (end.x, end.y)
    assert max(abs(x - to_x) + abs(y - to_y) for (x, y), (to_x, to_y) in pairwise(places)) <= 15


async def test_releasing_at_another_place_drags_there(hands: Hands, target: Target) -> None:
    await hands.do(ButtonDown(at=target.at(20, 20)))
    target.noted("press", count=1)
    await hands.do(ButtonUp(at=target.at(60, 20)))
    notes = target.noted("motion", "release", count=5)
    assert list(dict.fromkeys(note.x - target.region.x for note in notes)) == [30, 40, 50, 60]
    assert [note.kind for note in notes if note.kind != "motion"] == ["release"]


async def test_a_press_that_a_program_keeps_back_is_an_error_and_not_held(hands: Hands, target: Target) -> None:
    await hands.do(Move(to=target.at(40, 40)))
    target.window.grab_pointer(
        owner_events=True, event_mask=X.ButtonPressMask, pointer_mode=X.GrabModeSync, keyboard_mode=X.GrabModeAsync,
        confine_to=X.NONE, cursor=X.NONE, time=X.CurrentTime,
    )  # fmt: skip
    target.x.sync()
    answer = await hands.perform(ButtonDown())
    assert failure_in(answer).code is ErrorCode.BLOCKED
    target.x.ungrab_pointer(X.CurrentTime)
    target.x.sync()
    assert (await state_of(hands)).buttons == ()
