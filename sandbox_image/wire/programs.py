"""Starting programs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import Message


class Launch(Message):
    """Start a program as the desktop user. It outlives the request; its output goes to a log file."""

    kind: Literal["launch"] = "launch"
    argv: tuple[str, ...] = Field(min_length=1, max_length=1000)
    cwd: str | None = None  # home of the desktop user where not given


class Launched(Message):
    """A program was started."""

    kind: Literal["launched"] = "launched"
    pid: int
    log: str  # path in the sandbox that collects its output


ProgramAction = Launch
