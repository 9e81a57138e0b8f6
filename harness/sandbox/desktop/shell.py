"""Commands in a shell that keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from harness.errors import WireMismatch
from harness.sandbox.desktop.requests import Requests, ms, refusals, sendable
from sandbox_image.wire import (
    Exit,
    Output,
    Shell,
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


class ShellSessions(Requests):
    """Bash sessions of the desktop user."""

    async def bash(
        self,
        command: str,
        *,
        timeout: float = 120.0,  # noqa: ASYNC109 - the sandbox ends the command, and keeps its session
        session: str = "main",
        restart: bool = False,
        max_output: int = OUTPUT_LIMIT,
    ) -> ShellResult:
        """Run a command in a bash session of the desktop user that keeps its folder, variables and jobs.

        A command that runs longer than `timeout` is killed and the result says so. `restart` ends the session
        and all it started before the command runs.
        """
        with sendable():
            request = Shell(
                id=uuid4().hex,
                command=command,
                restart=restart,
                session=session,
                timeout_ms=ms(timeout),
                max_output=max_output,
            )
        parts: list[str] = []
        end: Exit | None = None
        with refusals():
            async for event in self._guest.shell(request):
                match event:
                    case Output(text=text):
                        parts.append(text)
                    case Exit():
                        end = event
        if end is None:
            raise WireMismatch("the shell's answer ended without saying how the command ended")
        return ShellResult("".join(parts), end.code, end.timed_out, end.omitted, end.session_ended)
