"""Who owns which sandbox: one folder a sandbox in the user's runtime directory, locked while its owner lives.

The lock is `flock` on the folder itself. It ends with the process, however that ends, so a lock that can be taken
says that the owner is gone. Labels on the container say which runtime directory to look in; harnesses with another
one (another user, host or `XDG_RUNTIME_DIR`) leave the container to its lease.

A sandbox outlives its owner for as long as its lease, and may be adopted meanwhile. So the owner writes into the folder
when it renewed the lease, and nobody sweeps before that is over.
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

from pydantic import BaseModel, ConfigDict, ValidationError

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
_LEASE = "lease.json"
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


class Tenure(BaseModel):
    """How long a sandbox may be without an owner: for a lease, from the moment that it was renewed last."""

    model_config = ConfigDict(frozen=True)

    boot: str  # of the owner's machine
    renewed: float  # monotonic seconds, which count from that boot: nobody can set that clock
    lease: float  # seconds

    @property
    def same_boot(self) -> bool:
        """Whether the machine has not been started anew since."""
        return self.boot == _boot()

    def over(self, now: float) -> bool:
        """Whether nothing can be left of the sandbox any more; `now` is in monotonic seconds."""
        return not self.same_boot or not self.renewed <= now <= self.renewed + self.lease


@dataclass
class Folder:
    """A sandbox's folder, locked for the life of this object: sockets, state, log.

    Where the sandbox is `ours`, its folder goes with the block. Otherwise it is left as it is, to whoever owns it next.
    """

    id: str
    path: Path
    lock: int  # a descriptor; a process that inherits it holds the very same lock
    ours: bool = False

    @classmethod
    def create(cls, root: Path) -> Self:
        """A new folder with an id of its own, locked already."""
        while True:
            path = root / secrets.token_hex(6)
            path.mkdir(mode=0o700)
            if (fd := _lock(path)) is not None:
                return cls(path.name, path, fd, ours=True)

    @classmethod
    def claim(cls, root: Path, sandbox: str) -> Self | None:
        """The folder of an owner that is gone; None where somebody holds its lock, or it is not there."""
        fd = _lock(root / sandbox) if _ID.fullmatch(sandbox) else None
        return None if fd is None else cls(sandbox, root / sandbox, fd)

    @classmethod
    def inherited(cls, root: Path, sandbox: str, lock: int) -> Self:
        """The folder of an owner that handed its lock down to this process: both hold it."""
        os.set_inheritable(lock, False)  # noqa: FBT003 - the call takes it by position
        return cls(sandbox, root / sandbox, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.ours:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)

    def renewed(self, lease: float) -> None:
        """Write down that the lease of so many seconds begins anew."""
        tenure = Tenure(boot=_boot(), renewed=time.monotonic(), lease=lease)
        leave(self.path / _LEASE, tenure.model_dump_json())


def leave(path: Path, text: str) -> None:
    """Write a file that this user alone can read, whole or not at all."""
    draft = path.with_name(f".{path.name}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


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
    if (folder := Folder.claim(root, sandbox)) is None:
        return not (root / sandbox).is_dir()
    with folder:
        folder.ours = True
    return True


def tenure(root: Path, sandbox: str, labels: Mapping[str, str]) -> Tenure | None:
    """What the owner wrote down last; where there is no folder, what its container was made with. None for nonsense."""
    try:
        return Tenure.model_validate_json((root / sandbox / _LEASE).read_bytes())
    except (OSError, ValidationError):
        pass
    try:
        return Tenure(boot=labels[BOOT], renewed=float(labels[CREATED]), lease=float(labels[LEASE]))
    except (KeyError, ValueError):
        return None


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
