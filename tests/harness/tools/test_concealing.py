from __future__ import annotations

from typing import Any, Literal

import pytest

from harness.errors import AccessibilityFailed
from harness.sandbox.desktop import Screenshot
from harness.testing import FakeDesktop, FakeWindow
from harness.tools.concealing import Concealer
from sandbox_image.wire import Action, Answer, ErrorCode, Failure, FindNodes, NodesFound, Region, Size

SCREEN = Size(width=800, height=600)
FIELD = Region(x=60, y=60, width=300, height=100)
GREY = (64, 64, 64)


def login(text: str = "hunter2", region: Region = FIELD) -> FakeWindow:
    return FakeWindow(title="Login", text=text, region=region, password=True)


def colors(shot: Screenshot, box: Region) -> set[object]:
    """All colors that the picture has in a box of the screen."""
    view, crop = shot.viewport, shot.image()
    across, down = view.shown.width / view.region.width, view.shown.height / view.region.height
    left, top = (box.x - view.region.x) * across, (box.y - view.region.y) * down
    area = tuple(map(round, (left, top, left + box.width * across, top + box.height * down)))
    return {color for _, color in crop.crop((area[0], area[1], area[2], area[3])).getcolors(1 << 24) or ()}


def black(shot: Screenshot) -> int:
    """How many pixels have the color of ink."""
    return sum(count for count, color in shot.image().getcolors(1 << 24) or () if color == (0, 0, 0))


def bare(shot: Screenshot, box: Region) -> bool:
    """Whether a box is painted over: it shows that and the label, which is grey as well."""
    return GREY in colors(shot, box) and all(
        isinstance(color, tuple) and len(set(color)) == 1 and 64 <= color[0] <= 208 for color in colors(shot, box)
    )


async def test_a_screen_without_a_field_for_passwords_is_shown_as_it_is() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(FakeWindow(text="hello"))
    assert (await Concealer(desktop).picture(SCREEN)).data == (await desktop.screenshot(size=SCREEN)).data


@pytest.mark.parametrize("size", [SCREEN, Size(width=400, height=300)])
async def test_a_field_for_passwords_is_painted_over_and_nothing_else(size: Size) -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(login())
    shot = await Concealer(desktop).picture(size)
    assert shot.size == size
    assert bare(shot, FIELD)
    beside = Region(x=500, y=60, width=200, height=200)
    assert colors(shot, beside) == colors(await desktop.screenshot(size=size), beside)


async def test_a_field_is_painted_over_in_a_part_of_the_screen_too() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(login())
    shot = await Concealer(desktop).picture(SCREEN, Region(x=100, y=80, width=100, height=40))
    assert shot.size.width > 100
    assert bare(shot, Region(x=100, y=80, width=100, height=40))


async def test_a_field_behind_another_window_leaves_that_window_as_it_is() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(login(), pid=1)
    desktop.guest.show(FakeWindow(text="in front", region=Region(x=50, y=50, width=400, height=200)), pid=2)
    assert (await Concealer(desktop).picture(SCREEN)).data == (await desktop.screenshot(size=SCREEN)).data
    await desktop.set_window_state((await desktop.windows())[-1], "minimized")
    assert bare(await Concealer(desktop).picture(SCREEN), FIELD)


class Moving(FakeDesktop):
    """Its window moves whenever programs are asked where their fields are, so many times."""

    times = 1
    moved: FakeWindow | None = None

    async def perform(self, *actions: Action, **given: Any) -> Answer:
        answer = await super().perform(*actions, **given)
        if self.moved and self.times and any(isinstance(action, FindNodes) for action in actions):
            self.times -= 1
            self.moved.region = self.moved.region.model_copy(update={"y": self.moved.region.y + 60})
        return answer


@pytest.mark.parametrize("times", [1, 2, 3, 4])
async def test_a_field_that_moves_while_the_picture_is_taken_shows_nowhere(times: int) -> None:
    desktop = Moving(SCREEN)
    desktop.moved, desktop.times = desktop.guest.show(login(region=FIELD)), times
    shot = await Concealer(desktop).picture(SCREEN)
    assert GREY in colors(shot, Region(x=60, y=60, width=300, height=400))
    desktop.moved.text, desktop.times = "", 0
    assert black(shot) < black(await desktop.screenshot(size=SCREEN))  # of its border as well some is painted over


class Deaf(FakeDesktop):
    """Its programs tell nothing at times: there is no bus, or one does not answer."""

    deaf: Literal["", "no bus", "silent"] = ""

    async def perform(self, *actions: Action, **given: Any) -> Answer:
        if self.deaf == "no bus" and any(isinstance(action, FindNodes) for action in actions):
            raise AccessibilityFailed(Failure(code=ErrorCode.ACCESSIBILITY_FAILED, message="no bus"))
        reply, data = await super().perform(*actions, **given)
        if self.deaf:
            told = [NodesFound(nodes=(), more=False, silent=("it (7)",)), *reply.results[1:]]
            return Answer(reply.model_copy(update={"results": tuple(told[: len(actions)])}), data)
        return Answer(reply, data)


@pytest.mark.parametrize("deaf", ["no bus", "silent"])
async def test_a_program_that_does_not_tell_is_taken_to_show_what_it_showed(deaf: Literal["no bus", "silent"]) -> None:
    desktop = Deaf(SCREEN)
    desktop.guest.show(login())
    concealer = Concealer(desktop)
    desktop.deaf = deaf
    assert not bare(await concealer.picture(SCREEN), FIELD)  # it hides by itself what it holds
    desktop.deaf = ""
    assert bare(await concealer.picture(SCREEN), FIELD)
    desktop.deaf = deaf
    assert bare(await concealer.picture(SCREEN), FIELD)


async def test_a_secret_in_plain_sight_is_painted_over_once_it_was_typed() -> None:
    desktop = FakeDesktop(SCREEN)
    desktop.guest.show(FakeWindow(text="the pin is 4711 today", region=FIELD))
    (word,) = [word.box for word in await desktop.read_text() if word.text == "4711"]
    typed: list[str] = []
    concealer = Concealer(desktop, lambda: typed)
    assert not bare(await concealer.picture(SCREEN), word)
    typed.append("4711")
    assert bare(await concealer.picture(SCREEN), word)
    part = Region(x=word.x + word.width // 2, y=word.y, width=60, height=word.height)
    assert bare(await concealer.picture(SCREEN, part), word.model_copy(update={"x": part.x, "width": word.width // 2}))
