"""Starting programs and what becomes of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, Message

Variable = Annotated[str, Field(pattern=r"^[^=\x00]+$", max_length=1000)]
"""The name of an environment variable."""


class Launch(Message):
    """Start a program as the desktop user. It outlives the request; its output goes to a log file."""

    kind: Literal["launch"] = "launch"
    argv: tuple[str, ...] = Field(min_length=1, max_length=1000)
    cwd: str | None = None  # home of the desktop user where not given
    env: dict[Variable, str] = Field(default_factory=dict, max_length=1000)  # added to the desktop's own


class Open(Message):
    """Open a file, a folder or an address with the desktop's default application for it."""

    kind: Literal["open"] = "open"
    target: str = Field(min_length=1, max_length=16_384)


class ListPrograms(Message):
    """List the programs that were started since the worker was, the oldest first."""

    kind: Literal["list_programs"] = "list_programs"


class ReadOutput(Message):
    """Read what a program has written up to now, cut in the middle where that is more than `max_output` bytes."""

    kind: Literal["read_output"] = "read_output"
    pid: int
    max_output: int = Field(default=100_000, ge=1_000, le=250_000)


class WaitExit(Message):
    """Wait until a program has ended."""

    kind: Literal["wait_exit"] = "wait_exit"
    pid: int
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class StopProgram(Message):
    """End a program and what it started: SIGTERM, and SIGKILL for what is there when it has ended or time is up."""

    kind: Literal["stop_program"] = "stop_program"
    pid: int
    grace_ms: int = Field(default=5_000, ge=0, le=60_000)


class WaitPrograms(Message):
    """From the server to the worker alone: list the programs, once they are others than before or one has ended."""

    kind: Literal["wait_programs"] = "wait_programs"
    before: dict[str, bool] | None  # whether each ran, by its log file, which is no other's; None answers at once


class Launched(Message):
    """A program was started."""

    kind: Literal["launched"] = "launched"
    pid: int
    log: str  # path in the sandbox that collects its output


class Program(Message):
    """A program that was started, as it is now. A negative code is the signal that ended it."""

    kind: Literal["program"] = "program"
    pid: int
    argv: tuple[str, ...]  # 1000 characters of it; a longer one ends in …
    log: str
    running: bool
    code: int | None  # while it runs, none


class ProgramList(Message):
    """Programs, the oldest first."""

    kind: Literal["program_list"] = "program_list"
    programs: tuple[Program, ...]


class ProgramOutput(Message):
    """What a program has written, its two streams as they came."""

    kind: Literal["program_output"] = "program_output"
    text: str


ProgramAction = Launch | Open | ListPrograms | ReadOutput | WaitExit | StopProgram

ProgramResult = Launched | Program | ProgramList | ProgramOutput
