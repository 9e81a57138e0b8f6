from __future__ import annotations

import pytest

from harness.sandbox.desktop import ShellResult
from harness.testing import FakeDesktop
from harness.tools.bash import Bash, said
from harness.tools.call import Call, Json


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (ShellResult("hello\n", 0), "hello"),
        (ShellResult("", 0), ""),
        (ShellResult("no\n", 3), "no\n[exit status 3]"),
        (ShellResult("part", None, timed_out=True), "part\n[killed after 7 s; "),
        (ShellResult("", None, session_ended=True), "[that ended the shell; "),
        (ShellResult("x", 0, omitted=9), "x\n[9 bytes left out of the middle; "),
        (ShellResult("x", 0, background="done\n"), "x\n[jobs of earlier commands printed:\ndone]"),
    ],
)
def test_what_became_of_a_command_is_said_in_words(done: ShellResult, words: str) -> None:
    assert said(done, 7).startswith(words)


async def test_a_command_runs_and_the_shell_can_be_started_anew() -> None:
    desktop = FakeDesktop()
    bash = Bash(desktop)
    assert (await bash.do(Call("a", "bash", {"command": "echo hi"}))).text == "hi"
    assert (await bash.do(Call("a", "bash", {"restart": True}))).text == "the shell was started anew"


@pytest.mark.parametrize("given", [{}, {"command": 3}, {"restart": False}, {"commands": ["ls"]}])
async def test_a_call_that_names_no_command_is_told_what_to_say(given: Json) -> None:
    result = await Bash(FakeDesktop()).do(Call("a", "bash", given))
    assert result.failed
    assert "restart" in result.text
