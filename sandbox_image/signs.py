"""Signs that programs of the desktop are at work, whatever the screen shows: asked of the kernel, without their leave.

Processor time: what the container has used, less what the X server and this process have. And jobs: a terminal whose
foreground does not belong to its shell runs a command, even one that sleeps, unless it waits for keys. A look costs
some 50 microseconds, since the process table is only gone through where a process was started since the last look.
"""

from __future__ import annotations

import time

from sandbox_image import kernel
from sandbox_image.settle import Sign

LEAST_GAP_S = 0.1
"""Waits closer together than this tell nothing about what is usual between them."""
USAGE = ("/sys/fs/cgroup/cpuacct/cpuacct.usage", 0, 1e-9), ("/sys/fs/cgroup/cpu.stat", 1, 1e-6)
"""The container's processor time in the two versions of control groups: file, word in it, its unit in seconds."""
_GROUP, _SESSION, _TERMINAL, _FOREGROUND = 2, 3, 4, 5  # words of /proc/PID/stat after the program's name


class Signs:
    """What can be seen of the programs that share an X server, of this process id, and the container with us."""

    def __init__(self, x_server: int) -> None:
        self._x_server = f"/proc/{x_server}/schedstat"
        self._usage = (
            next((usage for usage in USAGE if kernel.read(usage[0])), None) if kernel.read(self._x_server) else None
        )
        self._newest = b""
        self._shells: list[str] = []
        self._before: set[bytes] = set()
        self._last = time.monotonic(), self._work()
        self._gaps = 0.0, 0.0

    @property
    def usual(self) -> float | None:
        """Processors at work in both of the last two gaps between waits; None where the kernel does not tell.

        Who always works says nothing by it. The lower of two, since an answer may go on after the end of its wait.
        """
        return min(self._gaps) if self._usage else None

    def begin(self) -> None:
        """An input comes: looks from now on tell what it led to."""
        self._before = self._jobs()
        (since, before), self._last = self._last, (time.monotonic(), self._work())
        gap = self._last[0] - since
        if gap >= LEAST_GAP_S:
            self._gaps = self._gaps[1], (self._last[1] - before) / gap

    def look(self) -> Sign:
        """See what there is now."""
        self._last = time.monotonic(), self._work()
        return Sign(*self._last, job=bool(self._jobs() - self._before))

    def _work(self) -> float:
        if self._usage is None:
            return 0.0
        path, word, unit = self._usage
        container = int(kernel.read(path).split()[word]) * unit
        x_server = int((kernel.read(self._x_server) or b"0").split()[0]) * 1e-9  # gone: what asks it next will say so
        return container - x_server - time.process_time()

    def _jobs(self) -> set[bytes]:
        """Process groups that have the foreground of a terminal in its shell's place."""
        newest = kernel.read("/proc/loadavg").split()[-1]
        if newest != self._newest:
            self._newest, self._shells = newest, _shells()
        stats = map(kernel.stat, self._shells)
        busy = [stat for stat in stats if stat and stat[_FOREGROUND] != stat[_GROUP]]
        return {stat[_FOREGROUND] for stat in busy if not kernel.waits_for_keys(int(stat[_TERMINAL]))}


def _shells() -> list[str]:
    """Processes that lead the session of a terminal."""
    found = []
    for name in kernel.processes():
        stat = kernel.stat(name)
        if stat and stat[_SESSION] == name.encode() and stat[_TERMINAL] != b"0":
            found.append(name)
    return found
