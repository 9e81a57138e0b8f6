"""Commands in a shell that keeps its state."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import uuid4

from harness.errors import WireMismatch
from harness.sandbox.desktop.requests import Requests, ms, refusals, sendable
from sandbox_image.wire import (
    Done,
    Exit,
    ListSessions,
    Output,
    ResizeTerminal,
    SendInput,
    SessionList,
    Shell,
    ShellSession,
    TerminalSize,
)

OUTPUT_LIMIT = 1_000_000
"""Bytes of output of one command that are kept unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class ShellResult:
    """What became of one command. `exit_code` is None where it had no end of its own."""

    output: str  # standard output and standard error, in the order they came
    exit_code: int | None
    timed_out: bool = False
    omitted: int = 0  # bytes cut from the middle of the output
    session_ended: bool = False  # the command ended its session; the next one gets a new one
    background: str = ""  # what jobs of earlier commands printed since the command before
    events: tuple[Output, ...] = field(default=(), compare=False, repr=False)  # the output piece by piece

    @property
    def stdout(self) -> str:
        """Standard output alone, of a command that was run with `separate`."""
        return _text(self.events, "stdout")

    @property
    def stderr(self) -> str:
        """Standard error alone, of a command that was run with `separate`."""
        return _text(self.events, "stderr")

    def data(self, *streams: str) -> bytes:
        """The very bytes, which `output` shows as U+FFFD where they are no UTF-8; of `"stdout"` alone, say."""
        wanted = streams or ("both", "stdout", "stderr")
        return b"".join(event.data for event in self.events if event.stream in wanted)


class ShellSessions(Requests):
    """Bash sessions of the desktop user, by name. One begins with its first command."""

    async def bash(
        self,
        command: str,
        *,
        timeout: float = 120.0,  # noqa: ASYNC109 - the sandbox ends the command, and keeps its session
        session: str = "main",
        restart: bool = False,
        limit: int = OUTPUT_LIMIT,
        separate: bool = False,
        pty: bool | tuple[int, int] = False,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> ShellResult:
        """Run a command in a bash session of the desktop user that keeps its folder, variables and jobs.

        A command that runs longer than `timeout` seconds is killed and the result says so. `restart` ends the session
        and all it started before the command runs. `env` and `cwd` hold for this command alone. Standard input is
        empty. Output beyond `limit` bytes loses its middle.

        With `separate` the result has `stdout` and `stderr` apart, and `output` no longer has their true order. With
        `pty`, True for 80 by 24 or columns and rows, the command runs in a terminal: programs find one, `send_input`
        types at it, lines end in CR LF, and folder and variables that it changes end with it.

        A job that was started with `&` goes on after its command. What it prints between two commands is `background`
        of the next result; what it prints while another command runs is in that one's output: give it a file.

        A command that fails is no error. Raises FileFailed where `cwd` is no folder; UsageError.
        """
        events: list[Output] = []
        end: Exit | None = None
        stream = self.bash_stream(
            command,
            timeout=timeout,
            session=session,
            restart=restart,
            limit=limit,
            separate=separate,
            pty=pty,
            env=env,
            cwd=cwd,
        )
        async with aclosing(stream):
            async for event in stream:
                match event:
                    case Output():
                        events.append(event)
                    case Exit():
                        end = event
        if end is None:
            raise WireMismatch("the shell's answer ended without saying how the command ended")
        return ShellResult(
            _text(events, "both", "stdout", "stderr"),
            end.code,
            end.timed_out,
            end.omitted,
            end.session_ended,
            _text(events, "background"),
            tuple(events),
        )

    async def bash_stream(
        self,
        command: str,
        *,
        timeout: float = 120.0,  # noqa: ASYNC109 - the same
        session: str = "main",
        restart: bool = False,
        limit: int = OUTPUT_LIMIT,
        separate: bool = False,
        pty: bool | tuple[int, int] = False,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> AsyncGenerator[Output | Exit]:
        """Run a command as `bash` does, and yield its output as it comes, each piece with its stream; last its `Exit`.

        Beyond half of `limit` the rest comes at the end. Closing the iterator early ends the command. Raises as
        `bash` does.
        """
        columns, rows = (80, 24) if isinstance(pty, bool) else pty
        with sendable():
            request = Shell(
                id=uuid4().hex,
                command=command,
                restart=restart,
                session=session,
                timeout_ms=ms(timeout),
                max_output=limit,
                separate=separate,
                terminal=TerminalSize(columns=columns, rows=rows) if pty else None,
                env=dict(env or {}),
                cwd=cwd,
            )
        events = self._guest.shell(request)
        try:
            with refusals():
                async for event in events:
                    yield event
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    async def send_input(self, text: str, *, session: str = "main") -> None:
        r"""Type at the terminal of the command that runs in a session with `pty`: "\r" is Enter, "\x03" Control+C.

        Raises ActionFailed with code `unknown_request` where none runs.
        """
        with sendable():
            action = SendInput(session=session, text=text)
        await self._one(action, Done)

    async def resize_terminal(self, columns: int, rows: int, *, session: str = "main") -> None:
        """Give the terminal of the command that runs in a session another size, in characters.

        Raises ActionFailed with code `unknown_request` where none runs.
        """
        with sendable():
            action = ResizeTerminal(session=session, columns=columns, rows=rows)
        await self._one(action, Done)

    async def sessions(self) -> tuple[ShellSession, ...]:
        """The sessions that are there, in order of their names: process, folder, whether a command runs."""
        return (await self._one(ListSessions(), SessionList)).sessions

    async def end_session(self, session: str = "main") -> None:
        """End a session and all it started; one that is not there has ended already."""
        await self.bash("", session=session, restart=True)


def _text(events: Sequence[Output], *streams: str) -> str:
    return "".join(event.text for event in events if event.stream in streams)
