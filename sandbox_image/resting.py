"""Whether a program is at rest, asked of the kernel: what it was given to do is done then, whatever it was.

Work that a program hands from one of its threads to another leaves no moment in which none of them runs or wants to.
So it is at rest where none did from one look to the next; how busy other programs keep the machine does not matter.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from sandbox_image import kernel

Look: TypeAlias = dict[str, bytes]
"""What the kernel tells of each thread, how often it has run among it."""
ACTIVE = tuple(b"\nState:\t" + state for state in (b"R", b"D", b"T"))
"""Running or wanting to; waiting for a disk; stopped, and going on one day."""
FRAME_S = 0.02
"""Toolkits put off what they draw to their next frame, asleep until then: a little more than one at 60 Hz."""
_PARENT, _TERMINAL, _USER_TIME, _SYSTEM_TIME = 1, 4, 11, 12  # words of /proc/PID/stat after the program's name


class Program(NamedTuple):
    """A process and those below it, and apart from them what it runs at terminals of its own, if it does that."""

    pids: list[int]
    inside: list[int]

    @property
    def whole(self) -> Program:
        """With what it runs at terminals."""
        return Program([*self.pids, *self.inside], [])


def program(pid: int | None) -> Program:
    """The program of a process, as it is now; it has no processes where it is gone, or this one, which never rests."""
    table = {int(name): words for name in kernel.processes() if (words := kernel.stat(name))}
    if pid not in table or pid == os.getpid():
        return Program([], [])
    own, inside = [pid], list[int]()
    for parent in own:
        for one in _below(parent, table):
            (own if table[one][_TERMINAL] == table[pid][_TERMINAL] else inside).append(one)
    for parent in inside:
        inside += [one for one in _below(parent, table) if table[one][_TERMINAL] == table[parent][_TERMINAL]]
    return Program(own, inside)


def _below(parent: int, table: Mapping[int, list[bytes]]) -> list[int]:
    return [one for one, words in table.items() if int(words[_PARENT]) == parent]


def look(running: Program) -> Look | None:
    """The threads of a program; None where one of them is at work."""
    seen: Look = {}
    for pid in running.pids:
        for thread in kernel.threads(pid):
            seen[thread] = kernel.read(f"/proc/{pid}/task/{thread}/status")
            if any(state in seen[thread] for state in ACTIVE):
                return None
    return seen


def worked(pid: int | None) -> list[bytes]:
    """How much processor time a process has had: more whenever it has worked. Nothing where it is gone."""
    return kernel.stat(str(pid))[_USER_TIME : _SYSTEM_TIME + 1]


def rests(running: Program, pause: Callable[[float], None], seconds: float) -> bool:
    """Wait until a program has done nothing for a frame, for a bounded time; whether it came to that."""
    until = time.monotonic() + seconds
    now = look(running)
    while time.monotonic() < until:
        pause(FRAME_S)
        before, now = now, look(running)
        if now is not None and now == before:
            return True
    return False
