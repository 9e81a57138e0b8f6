"""Windows, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    NoSuchWindow,
)
from tests.support.desktops import fake


async def test_a_window_that_came_is_among_the_windows() -> None:
    desktop = fake()
    launched = await desktop.launch("editor")
    window = await desktop.wait_for_window("Editor", pid=launched.pid)
    assert await desktop.windows() == (window,)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.wait_for_window("none"), NoSuchWindow),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
