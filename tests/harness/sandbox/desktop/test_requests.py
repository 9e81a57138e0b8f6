"""One round trip, places, and what cannot be sent."""

from __future__ import annotations

import math

import pytest

from harness.errors import (
    UsageError,
    WireMismatch,
)
from harness.sandbox.desktop import Desktop
from harness.testing import FakeGuest
from sandbox_image.wire import (
    Answer,
    Launch,
    ListWindows,
    Move,
    Perform,
    ScreenPoint,
    WaitWindow,
)
from tests.support.desktops import BOX, SCREEN, fake


async def test_a_place_is_a_point_a_pair_or_the_middle_of_a_region() -> None:
    desktop = fake()
    for place in (ScreenPoint(x=24, y=39), (24, 39), BOX):
        await desktop.move(place)
    assert desktop.guest.done == [Move(to=ScreenPoint(x=24, y=39))] * 3


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
        (lambda desktop: desktop.perform(deadline=1e9), UsageError),
        (lambda desktop: desktop.wait_for_window("x", timeout=math.inf), UsageError),
        (lambda desktop: desktop.hold("a", math.nan), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
