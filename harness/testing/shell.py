"""A shell of a few commands behind the fake screen."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from harness.testing.files import FakeFiles, absolute
from sandbox_image.wire import (
    Done,
    ErrorCode,
    Exit,
    ListSessions,
    Output,
    Refused,
    SessionList,
    Shell,
    ShellAction,
    ShellSession,
)

ShellHandler: TypeAlias = Callable[[str], tuple[str, int]]
"""From a command to its output and exit code. Raising TimeoutError stands for a command that took too long."""
_FIRST_PID = 1000


class FakeShells:
    """Sessions by name. Without a handler they know true, false, echo, cat, pwd, printenv, test -t 1, exit and sleep.

    A sleep always takes too long, and nothing else takes time, so no command is ever there to type at.
    """

    def __init__(self, files: FakeFiles, handler: ShellHandler | None = None) -> None:
        self._files = files
        self._handler = handler
        self._pids: dict[str, int] = {}
        self._last_pid = _FIRST_PID

    async def run(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """As `Guest.shell`."""
        if request.restart:
            self._pids.pop(request.session, None)
        if request.restart and not request.command:
            yield Exit(code=0)
            return
        if request.cwd is not None and not self._files.is_folder(request.cwd):
            raise Refused(ErrorCode.NOT_FOUND, f"cannot enter {absolute(request.cwd)}: there is no such folder")
        if request.session not in self._pids:
            self._last_pid += 1
            self._pids[request.session] = self._last_pid
        try:
            output, code, errors = (*self._handler(request.command), "") if self._handler else self._do(request)
        except TimeoutError:
            yield Exit(code=None, timed_out=True)
            return
        omitted = 0
        for piece, left_out in _printed(request, output, errors):
            omitted += left_out
            if piece.text:
                yield piece
        ended = self._handler is None and request.command.startswith("exit")
        if ended:
            del self._pids[request.session]
        yield Exit(code=code, omitted=omitted, session_ended=ended)

    def do(self, action: ShellAction) -> SessionList | Done:
        """What is asked of shells in a `Perform`."""
        if isinstance(action, ListSessions):
            named = sorted(self._pids.items())
            found = tuple(ShellSession(name=name, pid=pid, busy=False, folder=absolute("~")) for name, pid in named)
            return SessionList(sessions=found)
        raise Refused(ErrorCode.UNKNOWN_REQUEST, f"no command with a terminal runs in session {action.session!r}")

    def _do(self, request: Shell) -> tuple[str, int, str]:
        """What a command prints, its exit code, and what it prints of errors."""
        try:
            told = shlex.split(request.command)
        except ValueError as error:  # a quotation without an end
            return "", 2, f"bash: syntax error: {error}\n"
        match told:
            case ["exit", wanted]:
                return "", int(wanted), ""
            case ["sleep", _]:
                raise TimeoutError
            case ["cat", path] if absolute(path) not in self._files.content:
                return "", 1, f"cat: {path}: No such file or directory\n"
            case ["cat", path]:
                return self._files.content[absolute(path)].decode(), 0, ""
            case words:
                return _said(request, words)


def _said(request: Shell, words: list[str]) -> tuple[str, int, str]:
    """The commands that know the request alone."""
    output, code, errors = "", 0, ""
    match words:
        case ["echo", *said]:
            output = " ".join(said) + "\n"
        case ["pwd"]:
            output = absolute(request.cwd or "~") + "\n"
        case ["printenv", name] if name in request.env:
            output = request.env[name] + "\n"
        case ["false"] | ["printenv", _]:
            code = 1
        case ["test", "-t", "1"]:
            code = int(request.terminal is None)
        case [name, *_] if name != "true":
            code, errors = 127, f"{request.command}: command not found\n"
    return output, code, errors


def _printed(request: Shell, output: str, errors: str) -> list[tuple[Output, int]]:
    """What is told of the output, and how much of it was left out, stream by stream."""
    if request.separate:
        room = request.max_output // 2
        (out, left), (err, more) = _cut(output, room), _cut(errors, room)
        return [(Output(text=out, stream="stdout"), left), (Output(text=err, stream="stderr"), more)]
    told, left = _cut(output + errors, request.max_output)
    return [(Output(text=told.replace("\n", "\r\n") if request.terminal else told), left)]


def _cut(text: str, limit: int) -> tuple[str, int]:
    """The first and the last half of what is kept, and how many bytes lie between them."""
    data = text.encode()
    if len(data) <= limit:
        return text, 0
    first, last = data[: limit // 2], data[len(data) - limit + limit // 2 :]
    return (first + last).decode(errors="replace"), len(data) - limit
