"""Programs of the desktop user."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import WireMismatch
from harness.sandbox.desktop.requests import GRACE, Requests, ms, sendable
from sandbox_image.wire import (
    Launch,
    Launched,
    ListPrograms,
    Open,
    Program,
    ProgramList,
    ProgramOutput,
    ReadOutput,
    StopProgram,
    WaitExit,
)


class Programs(Requests):
    """Starting programs, and what becomes of them.

    A program is named by what `launch` or `open` returned, or by its pid. Raises NoSuchProgram for another: those are
    known that were started since the sandbox's worker was, the last 100 of the ended ones among them.
    """

    async def launch(self, *argv: str, cwd: str | None = None, env: Mapping[str, str] | None = None) -> Launched:
        """Start a program as the desktop user; it goes on when the request is over. Raises LaunchFailed.

        `cwd` counts from the home; `env` is added to the environment of the desktop. Programs that run once only, such
        as browsers, hand what they are asked to the one that runs and end: its window has another pid.
        """
        with sendable():
            action = Launch(argv=argv, cwd=cwd, env=dict(env or {}))
        return await self._one(action, Launched)

    async def open(self, target: str) -> Launched:
        """Open a file, a folder or an address such as `https://…` with the desktop's default application for it.

        Raises LaunchFailed where nothing is there, or no application is set to open it.
        """
        with sendable():
            action = Open(target=target)
        return await self._one(action, Launched)

    async def programs(self) -> tuple[Program, ...]:
        """The programs that were started, the oldest first: which still run, and how the others ended."""
        return (await self._one(ListPrograms(), ProgramList)).programs

    async def program_output(self, program: Launched | Program | int, *, limit: int = 100_000) -> str:
        """What a program has written up to now, its two streams as they came, also while it runs.

        Output beyond `limit` bytes is cut in the middle, with a line that says how much is gone. The sandbox keeps
        256 KiB from each end, and so does the file that `log` names. Raises NoSuchProgram.
        """
        with sendable():
            action = ReadOutput(pid=_pid(program), max_output=limit)
        return (await self._one(action, ProgramOutput)).text

    async def wait_for_exit(
        self,
        program: Launched | Program | int,
        *,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting
    ) -> int:
        """Wait until a program has ended; its exit code, or the negative number of the signal that ended it.

        Raises DeadlinePassed where it still runs after `timeout` seconds; NoSuchProgram.
        """
        with sendable():
            action = WaitExit(pid=_pid(program), timeout_ms=ms(timeout, 0))
        return _code(await self._one(action, Program, deadline=timeout + GRACE))

    async def stop_program(
        self,
        program: Launched | Program | int,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 - the same
    ) -> int:
        """End a program with all it started: by SIGTERM, after `timeout` seconds by SIGKILL; its exit code, as above.

        One that has ended already is not an error; what it left running is ended then. Raises NoSuchProgram.
        """
        with sendable():
            action = StopProgram(pid=_pid(program), grace_ms=ms(timeout, 0))
        return _code(await self._one(action, Program, deadline=timeout + GRACE))


def _pid(program: Launched | Program | int) -> int:
    return program if isinstance(program, int) else program.pid


def _code(program: Program) -> int:
    if program.code is None:
        raise WireMismatch(f"a program that ended was told without its exit code: {program!r}")
    return program.code
