"""Who belongs to a shell session: read from /proc, whatever process groups and sessions they moved to.

Every process that a session starts inherits a mark in its environment: `<owner>.<token>.<session>:<command>`.
Reparenting, `setsid` and `nohup` do not shake it off. A shell that was only forked still shows the environment
that bash was started with, and a process may clear its own: those are placed by their parents, by their POSIX session
and by when they started. Only a process that clears its environment, forks away twice and calls `setsid` is lost.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "HARNESS_SHELL"
"""Environment variable that carries the mark."""
_TICKS = os.sysconf("SC_CLK_TCK")
_DEATH_MS = 100  # how long the killed may take before they are looked for again
_GIVE_UP = 2.0  # seconds


class Process(NamedTuple):
    """One line of the process table."""

    pid: int
    parent: int
    session: int
    started: int  # clock ticks since boot
    mark: str  # empty where there is none, or it may not be read


class Family(NamedTuple):
    """A session: its mark up to the colon, its bash, and the command that runs."""

    mark: str
    bash: int
    command: int  # its number
    began: int  # its start in ticks
    earlier: frozenset[int] = frozenset()  # children that bash had by then


def ticks() -> int:
    """Now, on the clock of `Process.started`."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS)


def children(pid: int) -> frozenset[int]:
    """The children of a process; none where the kernel does not list them."""
    try:
        return frozenset(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_bytes().split()))
    except OSError:
        return frozenset()


def table() -> dict[int, Process]:
    """All living processes, zombies left out."""
    found = (_process(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - names only
    return {process.pid: process for process in found if process}


def members(family: Family, *, all_commands: bool) -> set[int]:
    """The living processes of the session without bash itself: of the command that runs, or of every one."""
    living = table()
    owners = {pid: _owner(process, family, living) for pid, process in living.items() if pid != family.bash}
    return {pid for pid, owner in owners.items() if owner is not None and (all_commands or owner == family.command)}


def owner() -> str:
    """This process as the first part of a mark: PID namespace and pid."""
    return f"{Path('/proc/self/ns/pid').stat().st_ino}-{os.getpid()}"


def strays(us: str) -> set[int]:
    """Processes that a session of an earlier process like us started and left behind."""
    living = table()
    namespace = us.partition("-")[0]
    found = set()
    for process in living.values():
        theirs, _, pid = process.mark.partition(".")[0].partition("-")
        if theirs == namespace and pid.isdigit() and int(pid) not in living:
            found.add(process.pid)
    return found


async def kill(find: Callable[[], set[int]]) -> None:
    """Kill whom `find` names until it names nobody; what may not be killed, or does not die, is left after 2 s."""
    end = time.monotonic() + _GIVE_UP
    immune: set[int] = set()
    while (doomed := find() - immune) and time.monotonic() < end:
        immune |= await asyncio.to_thread(_kill, doomed)


def _kill(doomed: set[int]) -> set[int]:
    """Kill and wait for the deaths; those that are not ours to kill."""
    immune: set[int] = set()
    waiting: list[int] = []
    poll = select.poll()
    for pid in doomed:
        with suppress(ProcessLookupError):
            waiting.append(os.pidfd_open(pid))
            poll.register(waiting[-1], select.POLLIN)
            try:
                signal.pidfd_send_signal(waiting[-1], signal.SIGKILL)
            except PermissionError:
                immune.add(pid)
                poll.unregister(waiting[-1])
    end = time.monotonic() + _DEATH_MS / 1000
    for _ in range(len(waiting) - len(immune)):
        for descriptor, _event in poll.poll(max(0, (end - time.monotonic()) * 1000)):
            poll.unregister(descriptor)
    for descriptor in waiting:
        os.close(descriptor)
    return immune


def _owner(process: Process, family: Family, living: dict[int, Process]) -> int | None:
    """The number of the command that started it; 0 for an earlier one; None for a process of somebody else."""
    seen: set[int] = set()
    highest: Process | None = None  # the furthest forebear that belongs to the session but does not say to what
    while process.pid not in seen:
        seen.add(process.pid)
        ours, _, number = process.mark.rpartition(":")
        if ours == family.mark and number.isdigit():
            return int(number)
        if process.parent == family.bash:
            return _by_start(process, family)
        if process.mark and ours != family.mark:
            break
        if process.session == family.bash or process.mark:
            highest = process
        process = living.get(process.parent, process)
    return _by_start(highest, family) if highest else None


def _by_start(process: Process, family: Family) -> int:
    return 0 if process.pid in family.earlier or process.started < family.began else family.command


def _process(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib costs more than the read
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in {b"Z", b"X"}:
        return None
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]), _mark(pid))


def _mark(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - pathlib costs more than the read
            environment = file.read()
    except OSError:
        return ""
    _, found, rest = (b"\0" + environment).partition(f"\0{MARK}=".encode())
    return rest.partition(b"\0")[0].decode("utf-8", "replace") if found else ""
