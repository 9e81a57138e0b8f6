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


async def test_bash_and_end_session_mean_the_same_session_where_none_is_named() -> None:
    desktop = fake()
    await desktop.bash("true")
    await desktop.bash("true", session="other")
    await desktop.end_session()
    assert [session.name for session in await desktop.sessions()] == ["other"]


class Binary(FakeGuest):
    """Prints bytes that are no UTF-8, in several streams."""

    async def shell(self, _: Shell) -> AsyncIterator[Output | Exit]:
        yield Output(text="late", stream="background")
        yield Output(text="caf\ufffd", stream="stdout", raw="Y2Fm6Q==")
        yield Output(text="err", stream="stderr")
        yield Exit(code=0)


async def test_bytes_and_streams_can_be_had_as_they_came() -> None:
    result = await Desktop(Binary(SCREEN), SCREEN).bash("x", separate=True)
    assert (result.output, result.background) == ("caf\ufffderr", "late")
    assert (result.stdout, result.stderr) == ("caf\ufffd", "err")
    assert (result.data(), result.data("stdout"), result.data("background")) == (b"caf\xe9err", b"caf\xe9", b"late")


class Endless(FakeGuest):
    """Prints for ever, and tells when nobody listens any more."""

    ended = False

    async def shell(self, _: Shell) -> AsyncIterator[Output | Exit]:
        try:
            while True:
                yield Output(text="more")
        finally:
            self.ended = True


async def test_a_stream_that_is_closed_early_ends_its_command() -> None:
    guest = Endless(SCREEN)
    stream = Desktop(guest, SCREEN).bash_stream("yes")
    assert await anext(stream) == Output(text="more")
    await stream.aclose()
    assert guest.ended


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
        (lambda desktop: desktop.bash("x", env={"A B": "x"}), UsageError),
        (lambda desktop: desktop.bash("x", pty=(0, 24)), UsageError),
        (lambda desktop: desktop.bash("x", pty=True, separate=True), UsageError),
        (lambda desktop: desktop.send_input(""), UsageError),
        (lambda desktop: desktop.resize_terminal(0, 1), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
