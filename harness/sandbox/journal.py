"""What the supervisor says on its standard output: steps reached, what failed, the last log lines, the end.

The lines come from inside, so they are text to show and nothing else: no line makes the host do anything but
wait less long.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 50
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 2_000  # characters kept of a line
_LONGEST_RAW = 1 << 16  # bytes without a newline; then it counts as one


class Journal:
    """The supervisor's lines as they come. `on_step` hears of each step once it is reached."""

    def __init__(self, on_step: Callable[[str], None] | None = None) -> None:
        self.steps: list[str] = []
        self.problem: tuple[str, str] | None = None  # step and reason of the failure that ended it
        self.reason: str | None = None  # why it ended, where it was meant to
        self._tail: deque[str] = deque(maxlen=_KEPT)
        self._raw = b""
        self._on_step = on_step
        self._news = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines, oldest first."""
        return tuple(self._tail)

    def feed(self, data: bytes) -> None:
        """More output, in pieces of any size."""
        *lines, self._raw = (self._raw + data).split(b"\n")
        if len(self._raw) > _LONGEST_RAW:
            lines, self._raw = [*lines, self._raw], b""
        for line in lines:
            self._line(line.decode(errors="replace").rstrip())
        self._tell()

    def end(self) -> None:
        """There will be no more: the container ended."""
        if self._raw:
            self._line(self._raw.decode(errors="replace"))
        self.ended.set()
        self._tell()

    async def news(self) -> None:
        """Wait for the next lines or the end."""
        await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _line(self, line: str) -> None:
        match _entry(line):
            case {"step": "ended", "reason": reason}:
                self.reason = _short(str(reason))
            case {"step": str(step), "error": reason, **more}:
                self.problem = (_short(step), _short(str(reason)))
                said = more.get("log")
                self._tail.extend(_short(str(one)) for one in (said if isinstance(said, list) else ()))
            case {"step": str(step), **more} if not {"exited", "link"} & more.keys():
                self._reach(_short(step))
            case {"log": str(name), "line": str(text)}:
                self._tail.append(_short(f"{name}: {text}"))
            case _ if line:
                self._tail.append(_short(line))

    def _reach(self, step: str) -> None:
        self.steps.append(step)
        if self._on_step:
            self._on_step(step)


def _entry(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _short(text: str) -> str:
    """One printable line: control characters would let the inside paint on the reader's terminal."""
    plain = _COLOUR.sub("", text.replace("\t", " "))
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in plain)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}…"
