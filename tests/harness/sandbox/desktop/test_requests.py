"""One round trip, places, and what cannot be sent."""

from __future__ import annotations

import math

import pytest

from harness.errors import (
    UsageError,
    WireMismatch,
)
from harness.sandbox.desktop import Desktop, Place
from harness.testing import FakeGuest
from sandbox_image.wire import (
    Answer,
    Launch,
    ListWindows,
    Move,
    Perform,
    ScreenPoint,
    Size,
    WaitWindow,
)
from tests.support.desktops import BOX, SCREEN, fake


async def test_a_place_is_a_point_a_pair_or_the_middle_of_a_region() -> None:
    desktop = fake()
    places: tuple[Place, ...] = (ScreenPoint(x=24, y=39), (24, 39), BOX, (BOX.x, BOX.y, BOX.width, BOX.height))
    for place in places:
        await desktop.move(place)
    assert desktop.guest.done == [Move(to=ScreenPoint(x=24, y=39))] * 4


async def test_regions_and_sizes_may_be_plain_numbers() -> None:
    desktop = fake()
    region = (BOX.x, BOX.y, BOX.width, BOX.height)
    shot = await desktop.screenshot(region, size=(30, 40))
    assert (shot.viewport.region, shot.size) == (BOX, Size(width=30, height=40))
    assert await desktop.zoom(region, size=(99, 99)) == await desktop.zoom(BOX, size=Size(width=99, height=99))
    assert await desktop.read_text(region) == await desktop.read_text(BOX)


@pytest.mark.parametrize("place", [(1, 2, 3), (), (1, 2, 3, 0), ("a", 2)])
async def test_numbers_that_are_no_place_are_refused_and_nothing_is_done(place: object) -> None:
    desktop = fake()
    with pytest.raises(UsageError):
        await desktop.click(place)  # type: ignore[arg-type] # what a type checker would refuse
    with pytest.raises(UsageError):
        await desktop.read_text(place)  # type: ignore[arg-type] # the same
    assert desktop.guest.done == []


async def test_several_actions_go_in_one_round_trip() -> None:
    desktop = fake()
    reply, _ = await desktop.perform(Launch(argv=("editor",)), WaitWindow(title="edit"), ListWindows())
    assert [result.kind for result in reply.results] == ["launched", "window_found", "window_list"]


async def test_what_cannot_be_sent_names_the_value_and_what_was_found() -> None:
    with pytest.raises(UsageError, match=r"count: .* \(found 4\)"):
        await fake().click(count=4)


class Short(FakeGuest):
    """Answers everything with too little."""

    async def perform(self, request: Perform) -> Answer:
        answer = await super().perform(request)
        return Answer(answer.reply.model_copy(update={"results": (), "effect": None}), b"")


async def test_an_answer_with_too_little_in_it_is_a_mismatch() -> None:
    with pytest.raises(WireMismatch, match="1 actions were sent and 0 results"):
        await Desktop(Short(SCREEN), SCREEN).click()


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.perform(timeout=1e9), UsageError),
        (lambda desktop: desktop.wait_for_window("x", timeout=math.inf), UsageError),
        (lambda desktop: desktop.hold("a", math.nan), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
