"""What a look brings back."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One line of what was looked at; `advice` is what to do next, where there is anything to do."""

    check: str
    status: Literal["ok", "warning", "failed"]
    found: str
    advice: str = ""


class Free(NamedTuple):
    """What the engine's machine has left, in bytes."""

    disk: int
    memory: int
