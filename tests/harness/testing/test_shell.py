"""The fake's little shell."""

from __future__ import annotations

import pytest

from harness.testing.files import FakeFiles
from harness.testing.shell import FakeShells
from sandbox_image.wire import ErrorCode, Exit, ListSessions, Output, Refused, SendInput, SessionList, Shell


def shell(command: str, **fields: object) -> Shell:
    return Shell.model_validate({"id": "shell-0001", "command": command, **fields})


async def said(request: Shell) -> list[Output | Exit]:
    return [event async for event in FakeShells(FakeFiles({"/home/user/note": b"text"})).run(request)]


@pytest.mark.parametrize(
    ("command", "events"),
    [
        ("echo 'a  b' c", [Output(text="a  b c\n"), Exit(code=0)]),
        ("true", [Exit(code=0)]),
        ("false", [Exit(code=1)]),
        ("exit 7", [Exit(code=7, session_ended=True)]),
        ("cat note", [Output(text="text"), Exit(code=0)]),
        ("cat none", [Output(text="cat: none: No such file or directory\n"), Exit(code=1)]),
        ("sleep 9", [Exit(code=None, timed_out=True)]),
        ("make", [Output(text="make: command not found\n"), Exit(code=127)]),
        ("", [Exit(code=0)]),
        ("echo 'a", [Output(text="bash: syntax error: No closing quotation\n"), Exit(code=2)]),
        ("pwd", [Output(text="/home/user\n"), Exit(code=0)]),
        ("printenv A", [Exit(code=1)]),
    ],
)
async def test_the_little_shell(command: str, events: list[Output | Exit]) -> None:
    assert await said(shell(command)) == events


@pytest.mark.parametrize(
    ("fields", "command", "events"),
    [
        ({"separate": True}, "cat none", [Output(text="cat: none: No such file or directory\n", stream="stderr")]),
        ({"separate": True}, "echo x", [Output(text="x\n", stream="stdout")]),
        ({"terminal": {}}, "echo x", [Output(text="x\r\n")]),
        ({"env": {"A": "b"}}, "printenv A", [Output(text="b\n")]),
        ({"cwd": "../user/.."}, "pwd", [Output(text="/home\n")]),
    ],
)
async def test_how_a_command_is_run_is_heeded(fields: dict[str, object], command: str, events: list[Output]) -> None:
    assert (await said(shell(command, **fields)))[:-1] == events


async def test_sessions_begin_with_a_command_and_end_with_exit_and_restart() -> None:
    shells = FakeShells(FakeFiles())

    async def names(command: str, session: str, *, restart: bool = False) -> list[str]:
        request = shell(command, session=session, restart=restart)
        assert [event async for event in shells.run(request)]
        found = shells.do(ListSessions())
        assert isinstance(found, SessionList)
        return [one.name for one in found.sessions]

    assert await names("true", "b") == ["b"]
    assert await names("false", "a") == ["a", "b"]
    assert await names("exit 0", "b") == ["a"]
    assert await names("", "a", restart=True) == []


def test_nothing_can_be_typed_at_what_takes_no_time() -> None:
    with pytest.raises(Refused) as refused:
        FakeShells(FakeFiles()).do(SendInput(text="x"))
    assert refused.value.failure.code is ErrorCode.UNKNOWN_REQUEST


async def test_a_handler_answers_instead() -> None:
    shells = FakeShells(FakeFiles(), lambda command: (command.upper(), 3))
    assert [event async for event in shells.run(shell("make"))] == [Output(text="MAKE"), Exit(code=3)]


async def test_long_output_loses_its_middle() -> None:
    (output, end) = await said(shell(f"echo {'a' * 1000}{'b' * 1000}", max_output=1000))
    assert output == Output(text="a" * 500 + "b" * 499 + "\n")
    assert end == Exit(code=0, omitted=1001)
