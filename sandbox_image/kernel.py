"""What the kernel tells of programs, read from /proc. They may end at any moment: what is gone tells nothing."""

from __future__ import annotations

import os
import termios
from contextlib import suppress

PSEUDO_TERMINALS = 136
"""The major number of their devices."""


def read(path: str) -> bytes:
    """A small file of the kernel's; nothing where it is not, or no longer, there."""
    with suppress(OSError), open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib costs more than the read
        return file.read()
    return b""


def stat(pid: str) -> list[bytes]:
    """The words of a process's line after its name; none where it is gone."""
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def processes() -> list[str]:
    """The ids of all processes."""
    return [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - names only


def threads(pid: int) -> list[str]:
    """The ids of a process's threads."""
    with suppress(OSError):
        return os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names only
    return []


def waits_for_keys(terminal: int) -> bool:
    """Whether what has the foreground of a terminal, by device number, takes keys one by one, or a line unseen.

    So do editors, prompts, pagers and whoever asks for a password; a command that works leaves lines to the terminal.
    """
    if os.major(terminal) != PSEUDO_TERMINALS:
        return False
    with suppress(OSError, termios.error):
        opened = os.open(f"/dev/pts/{os.minor(terminal)}", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            local: int = termios.tcgetattr(opened)[3]
        finally:
            os.close(opened)
        lines_shown = termios.ICANON | termios.ECHO
        return (local & lines_shown) != lines_shown
    return False
