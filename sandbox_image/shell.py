"""Persistent bash sessions of the desktop user, by name: deadlines, cancelling, restarts."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, NamedTuple

from sandbox_image import procfs
from sandbox_image.bash import Bash
from sandbox_image.channel import Fault
from sandbox_image.clip import Clip

if TYPE_CHECKING:
    from collections.abc import Callable

_GRACE = 0.25  # seconds for bash to skip the rest of a command that was stopped; it takes a few milliseconds


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

    async def close(self) -> None:
        """End every session and all they started."""
        for session in self._sessions.values():
            await session.restart()


class Session:
    """One session: a bash that is renewed when it ended, one command at a time."""

    def __init__(self, name: str, mark: str) -> None:
        self._name = name
        self._mark = mark
        self._turn = asyncio.Lock()
        self._bash: Bash | None = None

    async def run(self, command: str, seconds: float, limit: int, emit: Callable[[bytes], None]) -> Ending:
        """Run a command, `seconds` at most from now, waiting for its turn included.

        Being cancelled stops the command as its time limit does. Raises Fault where it could not be started.
        """
        if "\0" in command:
            raise Fault("malformed", "the command holds a NUL character, which bash cannot read; leave it out")
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                await self._turn.acquire()
        except TimeoutError:
            raise Fault("deadline", self._busy(seconds)) from None
        try:
            return await self._run(command, end, limit, emit)
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

    async def _run(self, command: str, end: float, limit: int, emit: Callable[[bytes], None]) -> Ending:
        bash = self._living()
        clip = Clip(limit, emit)
        status = bash.run(command, clip.feed)
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
        elif not status.done():
            return Ending(bash.ended.result(), omitted=clip.close(), session_ended=True)
        omitted, code = clip.close(), status.result() if done else None
        return Ending(code, timed_out=not done, omitted=omitted, session_ended=bash.ended.done())

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
