"""Programs, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    LaunchFailed,
    UsageError,
)
from sandbox_image.wire import (
    Launch,
)
from tests.support.desktops import fake


async def test_a_program_is_started_with_its_arguments_and_folder() -> None:
    desktop = fake()
    launched = await desktop.launch("editor", "file", cwd="/tmp")  # noqa: S108 - a path in the fake
    assert desktop.guest.done == [Launch(argv=("editor", "file"), cwd="/tmp")]  # noqa: S108
    assert (await desktop.wait_for_window("Editor")).pid == launched.pid


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.launch("none"), LaunchFailed),
        (lambda desktop: desktop.launch(), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
