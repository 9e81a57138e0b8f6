"""The keyboard, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import UnknownKey, UsageError
from harness.testing import FakeWindow
from tests.support.desktops import fake


async def test_input_tells_what_became_of_the_screen() -> None:
    desktop = fake()
    assert not (await desktop.click((1, 1))).changed
    desktop.guest.show(FakeWindow())
    effect = await desktop.type("hello")
    assert (effect.changed, effect.still) == (True, True)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.press(""), UsageError),
        (lambda desktop: desktop.type(""), UsageError),
        (lambda desktop: desktop.type("\ud800"), UsageError),
        (lambda desktop: desktop.type("pass", secret=True, read_back=True), UsageError),
        (lambda desktop: desktop.hold("a", 0), UsageError),
        (lambda desktop: desktop.hold("a", 301), UsageError),
        (lambda desktop: desktop.hold("nokey", 1), UnknownKey),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
