"""The fake's little shell."""

from __future__ import annotations

import pytest

from harness.testing.files import FakeFiles
from harness.testing.shell import little_shell, run
from sandbox_image.wire import Exit, Output, Shell


def shell(command: str, **fields: int) -> Shell:
    return Shell.model_validate({"id": "shell-0001", "command": command, **fields})


async def said(request: Shell) -> list[Output | Exit]:
    files = FakeFiles()
    files.content["/home/user/note"] = b"text"
    return [event async for event in run(little_shell(files), request)]


@pytest.mark.parametrize(
    ("command", "events"),
    [
        ("echo 'a  b' c", [Output(text="a  b c\n"), Exit(code=0)]),
        ("true", [Exit(code=0)]),
        ("false", [Exit(code=1)]),
        ("exit 7", [Exit(code=7)]),
        ("cat note", [Output(text="text"), Exit(code=0)]),
        ("cat none", [Output(text="cat: none: No such file or directory\n"), Exit(code=1)]),
        ("sleep 9", [Exit(code=None, timed_out=True)]),
        ("make", [Output(text="make: command not found\n"), Exit(code=127)]),
        ("", [Exit(code=0)]),
    ],
)
async def test_the_little_shell(command: str, events: list[Output | Exit]) -> None:
    assert await said(shell(command)) == events


async def test_long_output_loses_its_middle() -> None:
    (output, end) = await said(shell(f"echo {'a' * 1000}{'b' * 1000}", max_output=1000))
    assert output == Output(text="a" * 500 + "b" * 499 + "\n")
    assert end == Exit(code=0, omitted=1001)
