"""A shell of a few commands behind the fake screen."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from harness.testing.files import FakeFiles, absolute
from sandbox_image.wire import Exit, Output, Shell

ShellHandler: TypeAlias = Callable[[str], tuple[str, int]]
"""From a command to its output and exit code. Raising TimeoutError stands for a command that took too long."""


async def run(handler: ShellHandler, request: Shell) -> AsyncIterator[Output | Exit]:
    """As `Guest.shell`."""
    if not request.command:
        yield Exit(code=0)
        return
    try:
        output, code = handler(request.command)
    except TimeoutError:
        yield Exit(code=None, timed_out=True)
        return
    kept, omitted = _cut(output.encode(), request.max_output)
    if kept:
        yield Output(text=kept.decode(errors="replace"))
    yield Exit(code=code, omitted=omitted)


def little_shell(files: FakeFiles) -> ShellHandler:
    """A shell that knows true, false, echo, cat, exit and sleep; a sleep always takes too long."""

    def handle(command: str) -> tuple[str, int]:
        words = shlex.split(command)
        match words:
            case ["echo", *said]:
                return " ".join(said) + "\n", 0
            case ["cat", path]:
                data = files.content.get(absolute(path))
                return (f"cat: {path}: No such file or directory\n", 1) if data is None else (data.decode(), 0)
            case ["true"] | ["false"]:
                return "", int(words == ["false"])
            case ["exit", code]:
                return "", int(code)
            case ["sleep", _]:
                raise TimeoutError
            case _:
                return f"{command}: command not found\n", 127

    return handle


def _cut(data: bytes, limit: int) -> tuple[bytes, int]:
    """The first and the last half of what is kept, and how much lies between them."""
    omitted = max(0, len(data) - limit)
    return (data[: limit // 2] + data[len(data) - limit + limit // 2 :], omitted) if omitted else (data, 0)
