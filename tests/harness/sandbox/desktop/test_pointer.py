"""The mouse, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    NotOnScreen,
    UsageError,
)
from sandbox_image.wire import (
    Click,
    Drag,
    ScreenPoint,
    Scroll,
)
from tests.support.desktops import BOX, fake


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


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.click((640, 0)), NotOnScreen),
        (lambda desktop: desktop.click(count=4), UsageError),
        (lambda desktop: desktop.click((99_999, 0)), UsageError),
        (lambda desktop: desktop.drag((1, 1)), UsageError),
        (lambda desktop: desktop.scroll(), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
