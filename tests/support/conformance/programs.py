"""Programs."""

from __future__ import annotations

import pytest

from harness.errors import DeadlinePassed, LaunchFailed, NoSuchProgram, UsageError
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import check, editor


@check
async def a_program_opens_a_window_that_takes_what_is_typed(desktop: Desktop) -> None:
    window = await editor(desktop)
    listed = {one.id: one for one in await desktop.windows()}
    assert listed[window.id].active
    assert "mousepad" in {half.casefold() for half in window.window_class}
    effect = await desktop.type("Sandboxes conform today ")
    assert effect.changed
    assert effect.box is not None
    assert 0 < effect.share < 1
    words = {word.text: word for word in await desktop.read_text(listed[window.id].region)}
    assert {"Sandboxes", "conform"} <= set(words)
    assert words["Sandboxes"].line == words["conform"].line
    assert words["Sandboxes"].box.x < words["conform"].box.x


@check
async def a_program_that_is_not_there_fails_to_launch(desktop: Desktop) -> None:
    with pytest.raises(LaunchFailed):
        await desktop.launch("no-such-program")


@check
async def a_program_that_ended_tells_its_code(desktop: Desktop) -> None:
    started = await desktop.launch("true")
    assert await desktop.wait_for_exit(started) == 0
    assert await desktop.program_output(started) == ""
    (told,) = (program for program in await desktop.programs() if program.pid == started.pid)
    assert (told.argv, told.log, told.running, told.code) == (("true",), started.log, False, 0)
    assert await desktop.stop_program(started.pid) == 0


@check
async def a_program_runs_until_it_is_stopped_and_its_window_goes_with_it(desktop: Desktop) -> None:
    window = await editor(desktop)
    assert window.pid is not None
    with pytest.raises(DeadlinePassed, match="still runs after 50 ms"):
        await desktop.wait_for_exit(window.pid, timeout=0.05)
    assert [program.code for program in await desktop.programs() if program.running][-1] is None
    code = await desktop.stop_program(window.pid)
    await desktop.wait_for_window_gone(window, timeout=10)
    assert await desktop.wait_for_exit(window.pid, timeout=0) == code


@check
async def a_program_that_was_not_started_is_none(desktop: Desktop) -> None:
    for attempt in (
        desktop.wait_for_exit(1),
        desktop.program_output(1),
        desktop.stop_program(1),
    ):
        with pytest.raises(NoSuchProgram, match="no program 1 is known"):
            await attempt
    with pytest.raises(UsageError, match="env"):
        await desktop.launch("true", env={"A=B": ""})


@check
async def a_file_opens_in_the_program_that_is_set_for_it(desktop: Desktop) -> None:
    await desktop.put(b"some text", "Documents/opened here.txt")
    started = await desktop.open("Documents/opened here.txt")
    window = await desktop.wait_for_window("mousepad", pid=started.pid)
    await desktop.stop_program(started)
    await desktop.wait_for_window_gone(window, timeout=10)


@check
async def what_nothing_opens_fails_to_open(desktop: Desktop) -> None:
    with pytest.raises(LaunchFailed, match=r"there is no /home/user/not there\.txt"):
        await desktop.open("not there.txt")
    await desktop.put(b"\0\1\2", "thing.nosuchkind")
    for target in ("thing.nosuchkind", "nosuchscheme://there"):
        with pytest.raises(LaunchFailed, match="no program is set to open"):
            await desktop.open(target)
