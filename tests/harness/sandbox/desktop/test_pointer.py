"""The mouse, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    NotOnScreen,
    UsageError,
)
from harness.sandbox.desktop import Desktop
from harness.testing import FakeGuest
from sandbox_image.wire import (
    Answer,
    ButtonDown,
    ButtonUp,
    Click,
    Drag,
    Perform,
    PointerState,
    ReadPointer,
    ReleaseAll,
    ScreenPoint,
    Scroll,
    Size,
)
from tests.support.desktops import BOX, SCREEN, fake


async def test_pointer_methods_send_what_they_say() -> None:
    desktop = fake()
    await desktop.click()
    await desktop.click((1, 2), button="right", count=2)
    await desktop.drag((1, 2), BOX, (3, 4), button="middle")
    await desktop.scroll((1, 2), dx=-1, dy=3)
    one, two, three = ScreenPoint(x=1, y=2), BOX.center, ScreenPoint(x=3, y=4)
    assert desktop.guest.done == [
        Click(),
        Click(at=one, button="right", count=2),
        Drag(path=(one, two, three), button="middle"),
        Scroll(at=one, dx=-1, dy=3),
    ]


class Hasty(FakeGuest):
    """Notes how long each request may take, in seconds."""

    def __init__(self, screen: Size) -> None:
        super().__init__(screen)
        self.given: list[float] = []

    async def perform(self, request: Perform) -> Answer:
        self.given.append(request.deadline_ms / 1000)
        return await super().perform(request)


async def test_a_long_drag_is_given_the_time_it_takes() -> None:
    guest = Hasty(SCREEN)
    desktop = Desktop(guest, SCREEN)
    await desktop.drag((0, 0), (10, 0))
    await desktop.drag(*[(0, 0), (600, 0)] * 500)
    short, long = guest.given
    steps, pause, rest = 999 * 60, 0.002, 0.03
    assert long - short > steps * pause + 1000 * rest


async def test_modifiers_and_buttons_that_stay_down_are_sent_as_they_are() -> None:
    desktop = fake()
    await desktop.click((1, 2), modifiers=("ctrl",))
    await desktop.drag((1, 2), (3, 4), modifiers=("shift",))
    await desktop.scroll((1, 2), dy=1, modifiers=("alt",))
    await desktop.button_down((1, 2), button="back")
    one = ScreenPoint(x=1, y=2)
    assert await desktop.pointer() == PointerState(at=one, buttons=("back",), keys=())
    await desktop.button_up(button="back")
    await desktop.release_all()
    assert desktop.guest.done == [
        Click(at=one, modifiers=("ctrl",)),
        Drag(path=(one, ScreenPoint(x=3, y=4)), modifiers=("shift",)),
        Scroll(at=one, dy=1, modifiers=("alt",)),
        ButtonDown(at=one, button="back"),
        ReadPointer(),
        ButtonUp(button="back"),
        ReleaseAll(),
    ]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.click((640, 0)), NotOnScreen),
        (lambda desktop: desktop.click(count=4), UsageError),
        (lambda desktop: desktop.click((99_999, 0)), UsageError),
        (lambda desktop: desktop.drag((1, 1)), UsageError),
        (lambda desktop: desktop.scroll(), UsageError),
        (lambda desktop: desktop.click(modifiers="ctrl"), UsageError),
        (lambda desktop: desktop.click(button="side"), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
