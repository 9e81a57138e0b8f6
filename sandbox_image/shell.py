"""Persistent bash sessions of the desktop user, by name: deadlines, cancelling, restarts."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox_image import procfs
from sandbox_image.archive import told
from sandbox_image.bash import Bash, Command
from sandbox_image.channel import Fault, Kind
from sandbox_image.clip import Clip
from sandbox_image.files import absolute, refusing
from sandbox_image.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Emit = Callable[[Kind, bytes], None]

_GRACE = 0.25  # seconds for bash to skip the rest of a command that was stopped; it takes a few milliseconds


class Job(NamedTuple):
    """A command and how it is to be run: fields of `wire.Shell`."""

    command: str
    timeout_ms: int
    max_output: int
    separate: bool = False
    terminal: Mapping[str, int] | None = None  # columns and rows
    env: Mapping[str, str] = {}
    cwd: str | None = None


class Ending(NamedTuple):
    """How a command ended: the fields of `wire.Exit`."""

    code: int | None
    timed_out: bool = False
    omitted: int = 0
    session_ended: bool = False


class Shells:
    """All sessions. One begins with its first command."""

    def __init__(self, owner: str) -> None:
        self._token = f"{owner}.{secrets.token_hex(4)}"
        self._sessions: dict[str, Session] = {}

    def session(self, name: str) -> Session:
        """The session of that name."""
        return self._sessions.setdefault(name, Session(name, f"{self._token}.{name}"))

    def living(self) -> list[dict[str, Any]]:
        """The sessions whose bash is there, by name: the fields of `wire.ShellSession`."""
        return [found for _, session in sorted(self._sessions.items()) if (found := session.describe())]

    def terminal(self, name: str) -> Terminal:
        """The terminal of the command that runs in a session. Raises Fault where there is none."""
        session = self._sessions.get(name)
        if session is None or session.terminal is None:
            raise Fault("unknown_request", f"no command with a terminal runs in session {name!r}; start one with pty")
        return session.terminal

    async def close(self) -> None:
        """End every session and all they started."""
        for session in self._sessions.values():
            await session.restart()


class Session:
    """One session: a bash that is renewed when it ended, one command at a time."""

    def __init__(self, name: str, mark: str) -> None:
        self.terminal: Terminal | None = None  # of the command that runs
        self._name = name
        self._mark = mark
        self._turn = asyncio.Lock()
        self._bash: Bash | None = None

    def describe(self) -> dict[str, Any] | None:
        """The fields of `wire.ShellSession`; None where bash is not there."""
        if self._bash is None or self._bash.ended.done():
            return None
        try:
            folder = told(os.readlink(f"/proc/{self._bash.pid}/cwd"))  # noqa: PTH115 - as the kernel tells it
        except OSError:  # it is just ending
            return None
        return {"name": self._name, "pid": self._bash.pid, "busy": self._turn.locked(), "folder": folder}

    async def run(self, job: Job, emit: Emit) -> Ending:
        """Run a command, for its time at most from now, waiting for its turn included.

        Being cancelled stops the command as its time limit does. Raises Fault where it could not be started.
        """
        command = _checked(job)
        seconds = job.timeout_ms / 1000
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                await self._turn.acquire()
        except TimeoutError:
            raise Fault("deadline", self._busy(seconds)) from None
        try:
            printed = _Printed(job, emit)
            async with self._terminal_for(job, printed) as terminal:
                inner = command._replace(text=terminal.around(command.text)) if terminal else command
                ending = await self._run(inner, end, printed)
            return ending._replace(omitted=printed.close())
        finally:
            self._turn.release()

    async def restart(self) -> None:
        """End the session and everything it started; a command that runs in it ends with it."""
        bash = self._bash
        if bash:
            bash.halt()
        family = bash.family if bash else procfs.Family(self._mark, bash=-1, command=0, began=0)
        await procfs.kill(lambda: procfs.members(family, all_commands=True))
        if bash:
            bash.end()

    @asynccontextmanager
    async def _terminal_for(self, job: Job, printed: _Printed) -> AsyncIterator[Terminal | None]:
        if job.terminal is None:
            yield None
            return
        try:
            self.terminal = Terminal(job.terminal["columns"], job.terminal["rows"], printed.output.feed)
        except OSError as error:
            raise Fault("internal", f"no terminal could be opened: {error}") from None
        try:
            yield self.terminal
        finally:
            terminal, self.terminal = self.terminal, None
            await terminal.close()

    async def _run(self, command: Command, end: float, printed: _Printed) -> Ending:
        bash = self._living()
        status = bash.run(command, printed.output.feed, printed.errors.feed, printed.late)
        try:
            left = max(0.0, end - asyncio.get_running_loop().time())
            done, _ = await asyncio.wait({status, bash.ended}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            bash.mute()
        except asyncio.CancelledError:
            bash.mute()
            await self._stop(bash, status)
            raise
        if not done:
            await self._stop(bash, status)
            return Ending(None, timed_out=True, session_ended=bash.ended.done())
        code = status.result() if status.done() else bash.ended.result()
        return Ending(code, session_ended=bash.ended.done())

    async def _stop(self, bash: Bash, status: asyncio.Future[int]) -> None:
        """Kill the command and get bash back, or end it where it does not come."""
        bash.halt()
        await procfs.kill(lambda: procfs.members(bash.family, all_commands=False))
        bash.skip()
        await asyncio.wait({status, bash.ended}, timeout=_GRACE, return_when=asyncio.FIRST_COMPLETED)
        if not status.done():
            bash.end()
        bash.forget()

    def _living(self) -> Bash:
        if self._bash is None or self._bash.ended.done():
            try:
                self._bash = Bash(self._mark)
            except OSError as error:
                raise Fault("internal", f"bash could not be started: {error}") from None
        return self._bash

    def _busy(self, seconds: float) -> str:
        return (
            f"session {self._name!r} was busy with another command for all of {seconds:g} s, so this one was not run: "
            f"give it longer, use another session, or restart this one"
        )


class _Printed:
    """What a command prints, bounded, on its way out; two streams have half of the room each."""

    def __init__(self, job: Job, emit: Emit) -> None:
        room = job.max_output // 2 if job.separate else job.max_output
        self.output = self.errors = Clip(room, partial(emit, Kind.BYTES))
        if job.separate:
            self.errors = Clip(room, partial(emit, Kind.ERRORS))
        self.late = partial(emit, Kind.LATE)

    def close(self) -> int:
        """Pass on the rest; how many bytes were left out."""
        return sum(clip.close() for clip in {self.output, self.errors})


def _checked(job: Job) -> Command:
    """The command for bash. Raises Fault for what it could not run."""
    for what, text in (("command", job.command), *job.env.items()):
        if "\0" in text:
            raise Fault("malformed", f"{what} holds a NUL character, which bash cannot read; leave it out")
    cwd = None
    if job.cwd is not None:
        cwd = absolute(job.cwd)
        with refusing(f"enter {told(cwd)}"):
            os.close(os.open(f"{cwd}/.", os.O_PATH))
    return Command(job.command, job.env, cwd, job.separate)
