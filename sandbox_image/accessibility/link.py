"""The worker's side of the accessibility helper: starts one when it is needed, asks, ends it when it does not answer.

A helper answers one request at a time; requests that come meanwhile, as during a long wait, have one of their own.
One that is free is kept for a while for the next request.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox_image.channel import Channel, ChannelError, Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

HELPER_FD = "HARNESS_ACCESSIBILITY_FD"
"""Environment variable that names the helper's end of its channel."""
COMMAND = (sys.executable, "-I", "-m", "sandbox_image.accessibility.helper")
KINDS = frozenset(
    {
        "read_tree",
        "find_nodes",
        "wait_node",
        "read_node",
        "read_focus",
        "focus_node",
        "act_on_node",
        "set_node_text",
        "set_node_value",
    }
)
"""The requests of this room."""
LATE = 30.0
"""Seconds an answer may take, beyond the wait that a request asks for."""
IDLE = 60.0
"""Seconds that a free helper is kept. Nodes outlive it: the programs have them."""


class Helper(NamedTuple):
    """A process that reads what programs tell, and the channel to it."""

    process: asyncio.subprocess.Process
    channel: Channel

    async def ask(self, request: dict[str, Any]) -> bytes:
        """What it answers, in JSON, unread."""
        self.channel.write(Kind.MESSAGE, json.dumps(request).encode())
        frame = await self.channel.read()
        if frame is None:
            raise ChannelError("the end of its channel")
        return frame.body

    async def end(self) -> None:
        """Whatever it does, it stops."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self.channel.close()


class Accessibility:
    """Asks a helper."""

    def __init__(self, command: Sequence[str] = COMMAND, *, late: float = LATE, idle: float = IDLE) -> None:
        self._command = command
        self._late = late
        self._idle = idle
        self._kept: Helper | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def ask(self, request: dict[str, Any]) -> bytes:
        """What a helper answers, in JSON, unread. Raises Fault where it does not. Cancelled, it ends with the work."""
        helper = self._take() or await self._start()
        answer = None
        try:
            async with asyncio.timeout(self._late + request.get("timeout_ms", 0) / 1000):
                answer = await helper.ask(request)
        except TimeoutError:
            raise _lost("it did not answer in time") from None
        except ChannelError as error:
            raise _lost(f"it answered with {error}") from None
        finally:
            if answer is None or self._kept:
                await helper.end()
            else:
                self._keep(helper)
        return answer

    async def close(self) -> None:
        """End the helper that is kept."""
        if helper := self._take():
            await helper.end()
        if self._leaving:
            await asyncio.gather(self._leaving, return_exceptions=True)

    def _take(self) -> Helper | None:
        helper, self._kept = self._kept, None
        if helper and self._leaving:
            self._leaving.cancel()
        return helper

    def _keep(self, helper: Helper) -> None:
        self._kept = helper
        self._leaving = asyncio.create_task(self._leave(helper))

    async def _leave(self, helper: Helper) -> None:
        """Nobody asked for a while, or it ended by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle):
                await helper.process.wait()
        self._kept = None
        await helper.end()

    async def _start(self) -> Helper:
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {**os.environ, HELPER_FD: str(theirs.fileno())}
            process = await asyncio.create_subprocess_exec(
                *self._command, env=environment, pass_fds=[theirs.fileno()], stdin=asyncio.subprocess.DEVNULL
            )
        return Helper(process, await Channel.open(ours))


def _lost(how: str) -> Fault:
    message = f"the process that reads the nodes of programs was lost: {how}; repeat the request, which starts another"
    return Fault("accessibility_failed", message)
