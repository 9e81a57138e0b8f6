"""What the kernel tells of programs, read from /proc. They may end at any moment: what is gone tells nothing."""

from __future__ import annotations

import os
from contextlib import suppress


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
