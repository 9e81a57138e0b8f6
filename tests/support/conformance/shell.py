"""Commands."""

from __future__ import annotations

import pytest

from harness.errors import ActionFailed, FileFailed, UsageError
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import ErrorCode, Exit, Output
from tests.support.conformance.checks import HOME, check


@check
async def commands_give_output_and_exit_code_and_are_stopped_in_time(desktop: Desktop) -> None:
    result = await desktop.bash("echo hello  world")
    assert (result.output, result.exit_code, result.timed_out, result.omitted) == ("hello world\n", 0, False, 0)
    assert (await desktop.bash("false")).exit_code == 1
    late = await desktop.bash("sleep 1000", timeout=0.2)
    assert (late.timed_out, late.exit_code) == (True, None)
    assert (await desktop.bash("echo on", restart=True)).output == "on\n"


@check
async def streams_come_joined_or_apart(desktop: Desktop) -> None:
    joined = await desktop.bash("cat no-such-file")
    assert (joined.exit_code, joined.stdout, joined.stderr) == (1, "", "")
    apart = await desktop.bash("cat no-such-file", separate=True)
    assert (apart.stdout, apart.stderr, apart.output) == ("", joined.output, joined.output)
    said = await desktop.bash("echo said", separate=True)
    assert (said.stdout, said.stderr, said.data("stdout")) == ("said\n", "", b"said\n")
    assert said.background == ""


@check
async def output_comes_as_a_stream_that_ends_with_the_exit(desktop: Desktop) -> None:
    *output, end = [event async for event in desktop.bash_stream("echo hello")]
    assert "".join(event.text for event in output if isinstance(event, Output)) == "hello\n"
    assert end == Exit(code=0)


@check
async def folder_and_variables_of_one_command_end_with_it(desktop: Desktop) -> None:
    await desktop.put(b"", "folders/inner/file")
    assert (await desktop.bash("pwd", cwd="folders/inner")).output == f"{HOME}/folders/inner\n"
    assert (await desktop.bash("printenv GREETING", env={"GREETING": "good day"})).output == "good day\n"
    assert (await desktop.bash("printenv GREETING")).exit_code == 1
    assert (await desktop.bash("pwd", session="fresh")).output == f"{HOME}\n"
    with pytest.raises(FileFailed):
        await desktop.bash("pwd", cwd="folders/none")


@check
async def a_command_gets_a_terminal_where_it_is_asked_for(desktop: Desktop) -> None:
    assert (await desktop.bash("test -t 1")).exit_code == 1
    assert (await desktop.bash("test -t 1", pty=True)).exit_code == 0
    assert (await desktop.bash("echo x", pty=(100, 30))).output == "x\r\n"
    for attempt in (desktop.send_input("x"), desktop.resize_terminal(80, 24)):
        with pytest.raises(ActionFailed) as caught:
            await attempt
        assert caught.value.code is ErrorCode.UNKNOWN_REQUEST
    with pytest.raises(UsageError):
        await desktop.bash("true", pty=True, separate=True)


@check
async def sessions_are_listed_until_they_end(desktop: Desktop) -> None:
    await desktop.bash("true", session="listed")
    (found,) = [one for one in await desktop.sessions() if one.name == "listed"]
    assert (found.busy, found.folder) == (False, HOME)
    await desktop.end_session("listed")
    assert "listed" not in [one.name for one in await desktop.sessions()]
    assert (await desktop.bash("exit 3", session="listed")).session_ended
