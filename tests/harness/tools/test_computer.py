from __future__ import annotations

import pytest
from pydantic import JsonValue

from harness.geometry import Viewport
from harness.sandbox.desktop import Desktop
from harness.testing import FakeDesktop, FakeGuest, FakeWindow
from harness.tools.call import Call, Json, Result
from harness.tools.computer import ANSWER, HOVER, KINDS, SAME, Computer
from sandbox_image.wire import Answer, Perform, Region, Settle, Size

SCREEN = Size(width=1280, height=800)
HALF = Size(width=640, height=400)
WINDOW = Region(x=640, y=401, width=600, height=300)
VIEW = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=HALF)


@pytest.fixture
async def desktop() -> FakeDesktop:
    desktop = FakeDesktop(SCREEN, apps={"editor": lambda _: FakeWindow(title="editor")})
    await desktop.launch("editor")
    await desktop.wait_for_window("editor")
    return desktop


@pytest.fixture
def computer(desktop: FakeDesktop) -> Computer:
    """Its pictures are half as large as the screen."""
    return Computer(desktop, VIEW)


async def do(computer: Computer, name: str, /, **given: JsonValue) -> Result:
    return await computer.do(Call("a", name, given, "computer"))


async def test_a_screenshot_has_the_size_the_model_is_shown(computer: Computer) -> None:
    picture = (await do(computer, "screenshot")).picture
    assert picture is not None
    assert picture.size == HALF


async def test_its_pictures_can_be_made_smaller(computer: Computer) -> None:
    computer.show(Size(width=320, height=200))
    assert (await computer.look()).size == Size(width=320, height=200)
    told = await do(computer, "left_click", coordinate=[320, 10])
    assert told.failed


async def test_places_are_those_of_the_picture(computer: Computer, desktop: FakeDesktop) -> None:
    await do(computer, "mouse_move", coordinate=[10, 20])
    assert (await desktop.pointer()).at.model_dump() == {"x": 21, "y": 41}
    assert (await do(computer, "cursor_position")).text == "X=10,Y=20"


async def test_what_changed_is_told_in_pixels_of_the_picture() -> None:
    desktop = FakeDesktop(SCREEN, apps={"editor": lambda _: FakeWindow(title="editor", region=WINDOW)})
    await desktop.launch("editor")
    computer = Computer(desktop, VIEW)
    assert "in 300x163 at (320, 188)" in (await do(computer, "key", text="alt+F4")).text


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("left_click", {"coordinate": [640, 10]}),
        ("left_click", {"coordinate": [-1, 10]}),
        ("left_click_drag", {"start_coordinate": [5, 5], "coordinate": [5, 400]}),
        ("mouse_move", {"coordinate": [10, 2000]}),
        ("scroll", {"coordinate": [9999, 1], "scroll_direction": "up", "scroll_amount": 1}),
        ("zoom", {"region": [0, 0, 641, 10]}),
        ("zoom", {"region": [10, 10, 10, 20]}),
    ],
)
async def test_a_place_outside_the_picture_is_told_with_what_is_allowed(
    computer: Computer, desktop: FakeDesktop, name: str, given: Json
) -> None:
    before = await desktop.pointer()
    result = await do(computer, name, **given)
    assert result.failed
    assert "picture: x goes from 0 to 6" in result.text
    assert await desktop.pointer() == before


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("fly", {}, "there is no action 'fly'; there are: screenshot, zoom"),
        ("left_click", {"coordinate": [1.5, 2]}, "coordinate"),
        ("left_click", {"coordinate": [1]}, "coordinate"),
        ("left_click", {"coordinate": ["1", 2]}, "coordinate"),
        ("type", {}, "type: text: Field required"),
        ("key", {"text": "a", "repeat": 101}, "repeat"),
        ("key", {"text": "NoSuchKey"}, "NoSuchKey"),
        ("hold_key", {"text": "a", "duration": 301}, "duration"),
        ("scroll", {"scroll_direction": "sideways", "scroll_amount": 1}, "scroll_direction"),
        ("left_mouse_up", {}, "not"),
    ],
)
async def test_what_cannot_be_is_told_to_the_model(computer: Computer, name: str, given: Json, problem: str) -> None:
    result = await do(computer, name, **given)
    assert result.failed
    assert problem in result.text


async def test_fields_that_nobody_knows_are_passed_over(computer: Computer) -> None:
    assert not (await do(computer, "screenshot", why="to see")).failed


async def test_older_tools_name_the_action_in_the_input(computer: Computer, desktop: FakeDesktop) -> None:
    result = await computer.do(Call("a", "computer", {"action": "mouse_move", "coordinate": [1, 1]}))
    assert not result.failed
    assert (await desktop.pointer()).at.x == 3
    malformed = await computer.do(Call("a", "computer", {"actions": [{"action": "screenshot"}]}))
    assert malformed.failed
    assert "there is no action None" in malformed.text


async def test_a_drag_without_a_start_begins_where_the_pointer_is(computer: Computer, desktop: FakeDesktop) -> None:
    await do(computer, "mouse_move", coordinate=[100, 100])
    assert not (await do(computer, "left_click_drag", coordinate=[200, 120])).failed
    assert (await desktop.pointer()).at.x == 401


async def test_text_reaches_the_program_with_the_focus(computer: Computer, desktop: FakeDesktop) -> None:
    result = await do(computer, "type", text="Grüße")
    assert "of the screen" in result.text
    assert "Grüße" in [word.text for word in await desktop.read_text()]


async def test_secrets_are_revealed_to_the_desktop_alone(desktop: FakeDesktop) -> None:
    view = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=HALF)
    computer = Computer(desktop, view, reveal=lambda text: text.replace("{secret:PIN}", "4711"))
    result = await do(computer, "type", text="{secret:PIN}")
    assert "4711" not in result.text
    assert "4711" in [word.text for word in await desktop.read_text()]


async def test_the_screen_is_shown_once_it_has_changed(computer: Computer) -> None:
    typed = await do(computer, "type", text="something")
    assert typed.picture is None
    assert (await computer.shown(typed)).picture is not None
    assert (await computer.shown(typed)).picture is None
    seen = await do(computer, "screenshot")
    assert await computer.shown(seen) == seen


async def test_a_zoom_shows_a_part_from_its_own_pixels(computer: Computer) -> None:
    picture = (await do(computer, "zoom", region=[100, 50, 200, 100])).picture
    assert picture is not None
    assert picture.viewport.region == Region(x=200, y=100, width=200, height=100)
    assert picture.size == Size(width=640, height=320)


def test_every_member_of_the_newest_toolset_is_there() -> None:
    clicks = {"left_click", "right_click", "middle_click", "double_click", "triple_click", "left_click_drag"}
    pointer = {"mouse_move", "left_mouse_down", "left_mouse_up", "cursor_position", "scroll"}
    assert set(KINDS) == clicks | pointer | {"screenshot", "zoom", "type", "key", "hold_key", "wait"}


async def test_the_older_tools_are_told_in_words_once_that_nothing_is_new(computer: Computer) -> None:
    look = Call("a", "computer", {"action": "screenshot"})
    assert (await computer.do(look)).picture is not None
    assert await computer.do(look) == Result(SAME)
    assert (await computer.do(look)).picture is not None
    await do(computer, "type", text="something")
    assert (await computer.do(look)).picture is not None


async def test_members_of_the_toolset_are_always_answered_with_a_picture(computer: Computer) -> None:
    for _ in range(3):
        assert (await do(computer, "screenshot")).picture is not None


async def test_a_wait_in_which_nothing_changed_brings_no_picture(computer: Computer) -> None:
    await do(computer, "screenshot")
    assert (await computer.shown(await do(computer, "wait", duration=0))).picture is None


async def test_a_field_for_passwords_is_hidden_in_every_picture(desktop: FakeDesktop) -> None:
    view = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=HALF)
    field = desktop.guest.show(FakeWindow(region=Region(x=600, y=400, width=200, height=100), password=True))
    computer = Computer(desktop, view)

    async def pictures() -> list[bytes]:
        looks = [await do(computer, "screenshot"), await do(computer, "zoom", region=[300, 200, 400, 250])]
        return [look.picture.data for look in looks if look.picture]

    empty = await pictures()
    field.text = "hunter2"
    assert await pictures() == empty


class Listening(FakeGuest):
    """Notes how long the screen was to be still, request by request."""

    asked: list[Settle | None]

    async def perform(self, request: Perform) -> Answer:
        self.asked.append(request.settle)
        return await super().perform(request)


@pytest.fixture
def guest() -> Listening:
    guest = Listening(SCREEN)
    guest.asked = []
    return guest


@pytest.mark.parametrize(
    ("name", "given", "settle"),
    [
        ("key", {"text": "Return"}, ANSWER),
        ("hold_key", {"text": "a", "duration": 1}, ANSWER),
        ("type", {"text": "a"}, ANSWER),
        ("left_click", {"coordinate": [5, 5]}, ANSWER),
        ("left_click_drag", {"start_coordinate": [5, 5], "coordinate": [9, 9]}, ANSWER),
        ("scroll", {"scroll_direction": "up", "scroll_amount": 1}, ANSWER),
        ("left_mouse_down", {}, ANSWER),
        ("mouse_move", {"coordinate": [5, 5]}, HOVER),
    ],
)
async def test_programs_are_given_time_to_finish_what_an_action_began(
    guest: Listening, name: str, given: Json, settle: Settle
) -> None:
    await do(Computer(Desktop(guest, SCREEN), VIEW), name, **given)
    assert guest.asked == [settle]


async def test_a_picture_waits_for_a_still_screen_where_another_tool_was_at_work(guest: Listening) -> None:
    computer = Computer(Desktop(guest, SCREEN), VIEW)
    for stirred in (False, True, False):
        guest.asked.clear()
        if stirred:
            computer.stir()
        await computer.look()
        assert (Settle() in guest.asked) is stirred
