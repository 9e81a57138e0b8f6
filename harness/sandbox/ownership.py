"""Who owns which sandbox: one folder a sandbox in the user's runtime directory, locked while its owner lives.

The lock is `flock` on the folder itself. It ends with the process, however that ends, so a lock that can be taken
says that the owner is gone. Labels on the container say which runtime directory to look in; harnesses with another
one (another user, host or `XDG_RUNTIME_DIR`) leave the container to its lease.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

SANDBOX = "harness.sandbox"
SCOPE = "harness.scope"
BOOT = "harness.boot"
PID = "harness.pid"
PID_START = "harness.pid-start"
CREATED = "harness.created"
LEASE = "harness.lease"
_ID = re.compile(r"[0-9a-f]{12}")
_LONGEST_ROOT = 60  # a socket's path has 107 bytes at most; two names of ours follow


def runtime_root() -> Path:
    """The private folder of this user that holds one folder a sandbox; made where it is not there.

    `$XDG_RUNTIME_DIR/harness`, or `/tmp/harness-<uid>` where that is not set or too long for a socket's path.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    root = Path(base) / "harness" if base else Path(f"/tmp/harness-{os.getuid()}")  # noqa: S108 - checked below
    if len(os.fsencode(root)) > _LONGEST_ROOT:
        root = Path(f"/tmp/harness-{os.getuid()}")  # noqa: S108 - checked below
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = root.lstat()
    except OSError as error:
        raise EngineError(
            f"{root} cannot be made ({error.strerror}): let XDG_RUNTIME_DIR name a folder that this user can write to"
        ) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EngineError(
            f"{root} has to be a folder of this user alone (mode 0700); found uid {found.st_uid}, "
            f"mode {stat.S_IMODE(found.st_mode):04o}: remove it or mend its owner and mode"
        )
    return root


def scope(root: Path) -> str:
    """Names this host, user and runtime directory: only its owners' sandboxes are ours to sweep."""
    place = "\0".join((_machine(), platform.node(), str(os.getuid()), str(root.resolve())))
    return hashlib.sha256(place.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Folder:
    """A sandbox's folder, locked for the life of this object: sockets, state, log."""

    id: str
    path: Path
    _fd: int

    @classmethod
    def create(cls, root: Path) -> Self:
        """A new folder with an id of its own, locked already."""
        while True:
            path = root / secrets.token_hex(6)
            path.mkdir(mode=0o700)
            if (fd := _lock(path)) is not None:
                return cls(path.name, path, fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._fd)


def owner_labels(root: Path, sandbox: str, lease: float) -> dict[str, str]:
    """Labels that tell whose container it is and when it may be swept."""
    return {
        SANDBOX: sandbox,
        SCOPE: scope(root),
        BOOT: _boot(),
        PID: str(os.getpid()),
        PID_START: _pid_start(os.getpid()),
        CREATED: str(time.monotonic()),
        LEASE: f"{lease:g}",
    }


def sandbox_folders(root: Path) -> Iterator[Path]:
    """Folders of sandboxes, living and left over."""
    return (path for path in sorted(root.iterdir()) if _ID.fullmatch(path.name) and path.is_dir())


def alive(root: Path, sandbox: str) -> bool:
    """Whether some process holds the sandbox's lock."""
    fd = _lock(root / sandbox)
    if fd is not None:
        os.close(fd)
    return fd is None and (root / sandbox).is_dir()


def forget(root: Path, sandbox: str) -> bool:
    """Remove the folder of an owner that is gone; False where the owner lives."""
    path = root / sandbox
    if (fd := _lock(path)) is None:
        return not path.is_dir()
    try:
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(fd)
    return True


def orphaned(root: Path, labels: Mapping[str, str], now: float) -> bool:
    """Whether a container with these labels is ours to remove: same scope, owner gone, lease age over.

    `now` is in monotonic seconds, which count from the boot on that `labels` name: nobody can set that clock.
    """
    if labels.get(SCOPE) != scope(root) or not labels.get(SANDBOX):
        return False
    return _over(labels, now) and not alive(root, labels[SANDBOX])


def _over(labels: Mapping[str, str], now: float) -> bool:
    try:
        created, lease = float(labels[CREATED]), float(labels[LEASE])
    except (KeyError, ValueError):
        return True
    return labels.get(BOOT) != _boot() or not created <= now <= created + lease


def _lock(path: Path) -> int | None:
    """A descriptor that holds the folder's lock, or None: somebody else holds it or the folder is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A sweep may have taken the folder away between the two calls: a lock on a folder without a name is none.
        if os.fstat(fd).st_ino == path.stat().st_ino:
            return fd
    except OSError:
        pass
    os.close(fd)
    return None


def _boot() -> str:
    """Names this run of the machine; empty where the host has no /proc."""
    return _first_line(Path("/proc/sys/kernel/random/boot_id"))


def _machine() -> str:
    return _first_line(Path("/etc/machine-id")) or _first_line(Path("/var/lib/dbus/machine-id"))


def _pid_start(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty where the host has no /proc."""
    fields = _first_line(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 - field 22 of proc(5), 20th after the name


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""
