"""Programs, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import (
    DeadlinePassed,
    LaunchFailed,
    NoSuchProgram,
    UsageError,
)
from harness.testing import FakeDesktop
from sandbox_image.wire import (
    Launch,
    ListPrograms,
    Open,
    ReadOutput,
    StopProgram,
    WaitExit,
)
from tests.support.desktops import fake


async def test_a_program_is_started_with_its_arguments_and_folder() -> None:
    desktop = fake()
    launched = await desktop.launch("editor", "file", cwd="/tmp")  # noqa: S108 - a path in the fake
    assert desktop.guest.done == [Launch(argv=("editor", "file"), cwd="/tmp")]  # noqa: S108
    assert (await desktop.wait_for_window("Editor")).pid == launched.pid


async def test_a_program_is_named_by_what_launch_returned_by_what_the_list_has_or_by_its_pid() -> None:
    desktop = fake()
    started = await desktop.launch("editor", env={"A": "b"})
    (listed,) = await desktop.programs()
    await desktop.program_output(started, limit=2000)
    await desktop.stop_program(listed, timeout=0.5)
    assert await desktop.wait_for_exit(started.pid, timeout=3) == -15
    assert desktop.guest.done == [
        Launch(argv=("editor",), env={"A": "b"}),
        ListPrograms(),
        ReadOutput(pid=started.pid, max_output=2000),
        StopProgram(pid=started.pid, grace_ms=500),
        WaitExit(pid=started.pid, timeout_ms=3000),
    ]


async def test_a_target_is_opened_by_the_program_for_it() -> None:
    desktop = fake()
    assert (await desktop.open("https://example.org")).pid
    assert desktop.guest.done == [Open(target="https://example.org")]


async def too_long(desktop: FakeDesktop) -> None:
    await desktop.wait_for_exit(await desktop.launch("editor"), timeout=0)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.launch("none"), LaunchFailed),
        (lambda desktop: desktop.launch(), UsageError),
        (lambda desktop: desktop.launch("editor", env={"": "x"}), UsageError),
        (lambda desktop: desktop.open(""), UsageError),
        (lambda desktop: desktop.open("none.txt"), LaunchFailed),
        (lambda desktop: desktop.stop_program(5), NoSuchProgram),
        (lambda desktop: desktop.program_output(5, limit=1), UsageError),
        (lambda desktop: desktop.wait_for_exit(5), NoSuchProgram),
        (too_long, DeadlinePassed),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
