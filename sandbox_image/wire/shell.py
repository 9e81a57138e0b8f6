"""Commands in a shell of the desktop user."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from sandbox_image.wire.base import DeadlineMs, Message, RequestId
from sandbox_image.wire.failure import Failure

MAX_COMMAND = 1 << 19
"""Longest command, in characters."""


class Shell(Message):
    """Run a command in a persistent bash session of the desktop user.

    A command that passes `timeout_ms` is killed with its process group; the session is ready for the next one.
    `restart` ends the session and all it started first; with an empty command nothing more happens. Output
    beyond `max_output` bytes is cut in the middle: the first and the last half are kept, and a line between them says
    how many bytes are gone.
    """

    kind: Literal["shell"] = "shell"
    id: RequestId
    command: str = Field(default="", max_length=MAX_COMMAND)
    restart: bool = False
    session: str = Field(default="main", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    timeout_ms: DeadlineMs = 120_000
    max_output: int = Field(default=1_000_000, ge=1_000, le=64_000_000)


class Output(Message):
    """Some output, both streams in the order they came. Bytes that are not UTF-8 become U+FFFD."""

    kind: Literal["output"] = "output"
    text: str


class Exit(Message):
    """The command ended. Always the last event of a shell reply that has no `Failure`."""

    kind: Literal["exit"] = "exit"
    code: int | None  # None: it had no end of its own; see timed_out
    timed_out: bool = False
    omitted: int = 0  # bytes cut from the middle
    session_ended: bool = False  # the command ended the session (exit, exec); the next one gets a new session


ShellEvent = Annotated[Output | Exit | Failure, Field(discriminator="kind")]

SHELL_EVENT: TypeAdapter[Output | Exit | Failure] = TypeAdapter(ShellEvent)
