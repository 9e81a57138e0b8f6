"""Commands in a shell of the desktop user."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, field_validator, model_validator

from sandbox_image.wire.base import DeadlineMs, Message, RequestId
from sandbox_image.wire.failure import Failure
from sandbox_image.wire.files import FilePath

SessionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,199}$")]
Cells = Annotated[int, Field(ge=1, le=1000)]
Stream = Literal["both", "stdout", "stderr", "background"]


class TerminalSize(Message):
    """Size of a terminal in characters."""

    columns: Cells = 80
    rows: Cells = 24


MAX_COMMAND = 1 << 19
"""Longest command, in characters."""


class Shell(Message):
    """Run a command in a persistent bash session of the desktop user.

    A command that passes `timeout_ms` is killed with all it started; the session is ready for the next one.
    `restart` ends the session and all it started first; with an empty command nothing more happens. Output
    beyond `max_output` bytes is cut in the middle: the first and the last half are kept, and a line between them says
    how many bytes are gone; streams that are apart have half of that each.

    With `terminal` the command runs in a terminal and a bash of its own, which starts with the folder and the
    exported variables of the session; what it changes of them ends with it.
    """

    kind: Literal["shell"] = "shell"
    id: RequestId
    command: str = Field(default="", max_length=MAX_COMMAND)
    restart: bool = False
    session: SessionName = "main"
    timeout_ms: DeadlineMs = 120_000
    max_output: int = Field(default=1_000_000, ge=1_000, le=64_000_000)
    separate: bool = False  # standard output and standard error apart, each in its own order
    terminal: TerminalSize | None = None
    env: dict[VariableName, str] = Field(default_factory=dict)  # for this command alone
    cwd: FilePath | None = None  # for this command alone

    @model_validator(mode="after")
    def _one_stream_in_a_terminal(self) -> Shell:
        if self.terminal and self.separate:
            raise ValueError("a terminal has one stream; leave out separate or terminal")
        return self


class Output(Message):
    """Some output. Bytes that are not UTF-8 are U+FFFD in `text`, and then `raw` has all of them in base64."""

    kind: Literal["output"] = "output"
    text: str
    stream: Stream = "both"  # in the order they came; "background": printed by jobs since the command before
    raw: str | None = None

    @field_validator("raw")
    @classmethod
    def _base64(cls, raw: str | None) -> str | None:
        try:
            base64.b64decode(raw or "", validate=True)
        except binascii.Error as error:
            raise ValueError(f"no base64: {error}") from None
        return raw

    @property
    def data(self) -> bytes:
        """The very bytes."""
        return self.text.encode() if self.raw is None else base64.b64decode(self.raw)


class Exit(Message):
    """The command ended. Always the last event of a shell reply that has no `Failure`."""

    kind: Literal["exit"] = "exit"
    code: int | None  # None: it had no end of its own; see timed_out
    timed_out: bool = False
    omitted: int = 0  # bytes cut from the middle
    session_ended: bool = False  # the command ended the session (exit, exec); the next one gets a new session


ShellEvent = Annotated[Output | Exit | Failure, Field(discriminator="kind")]

SHELL_EVENT: TypeAdapter[Output | Exit | Failure] = TypeAdapter(ShellEvent)


class ListSessions(Message):
    """Tell which sessions are there."""

    kind: Literal["list_sessions"] = "list_sessions"


class ShellSession(Message):
    """A bash that is there."""

    name: str
    pid: int
    busy: bool  # a command runs in it
    folder: str  # where it is


class SessionList(Message):
    """All sessions, in order of their names."""

    kind: Literal["session_list"] = "session_list"
    sessions: tuple[ShellSession, ...]


class SendInput(Message):
    """Type at the terminal of the command that runs in a session; control characters are typed as they are."""

    kind: Literal["send_input"] = "send_input"
    session: SessionName = "main"
    text: str = Field(min_length=1, max_length=100_000)


class ResizeTerminal(TerminalSize):
    """Give the terminal of the command that runs in a session another size."""

    kind: Literal["resize_terminal"] = "resize_terminal"
    session: SessionName = "main"


ShellAction = ListSessions | SendInput | ResizeTerminal
"""What is done with shell sessions in a `Perform`."""
