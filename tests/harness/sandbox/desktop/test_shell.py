"""Commands, at the desktop in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from harness.errors import (
    Restarted,
    UsageError,
)
from harness.sandbox.desktop import Desktop, ShellResult
from harness.testing import FakeGuest
from sandbox_image.wire import (
    ErrorCode,
    Exit,
    Output,
    Refused,
    Shell,
)
from tests.support.desktops import SCREEN, fake


async def test_a_command_tells_output_and_end() -> None:
    assert await fake().bash("echo hi") == ShellResult("hi\n", 0)
    assert (await fake().bash("sleep 9", timeout=1)).timed_out


class Refusing(FakeGuest):
    """Begins and then answers with a restart."""

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        yield Output(text="begun")
        raise Refused(ErrorCode.RESTARTED, f"{request.id} is unknown")


async def test_a_refused_command_is_raised_as_its_class() -> None:
    with pytest.raises(Restarted):
        await Desktop(Refusing(SCREEN), SCREEN).bash("x")


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.bash("x", session="no spaces"), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
