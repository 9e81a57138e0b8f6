"""Starting a program under its user, and what the supervisor knows about it while it runs.

Standard library only and light to import. No threads run in the supervisor, so a plain fork is safe.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_LINE = 500
"""Characters of one line of a child's output that are passed on."""
KEPT_LINES = 8
"""How many last lines of a child's output a failure shows."""


class Account(NamedTuple):
    """A user that a program runs as, further groups, and what its processes start with: directory, umask, OOM score."""

    uid: int
    gid: int
    directory: str = "/"
    umask: int = 0o077
    oom_score: int = 0
    groups: tuple[int, ...] = ()


class Program(NamedTuple):
    """What to start, as whom, with which environment."""

    name: str
    argv: tuple[str, ...]
    account: Account
    environment: Mapping[str, str]
    stays: bool = True


class Restarts:
    """Decides whether a program that exited is started again: not after `limit` exits within `window` seconds."""

    def __init__(self, limit: int = 5, window: float = 10.0) -> None:
        self.limit = limit
        self.window = window
        self._exits: deque[float] = deque(maxlen=limit)

    def allowed(self, now: float) -> bool:
        """Count an exit at `now`; False when it was one too many."""
        self._exits.append(now)
        return len(self._exits) < self.limit or now - self._exits[0] > self.window


class Lines:
    """Cuts a stream of bytes into lines of at most `LONGEST_LINE` characters."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes, without empty ones."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [text for line in lines if (text := line.decode(errors="replace").rstrip()[:LONGEST_LINE])]


class Budget:
    """How many lines a child may print: `limit` in each `window` of seconds; those beyond are counted."""

    def __init__(self, limit: int = 200, window: float = 10.0) -> None:
        self._limit = limit
        self._window = window
        self._opened = -window
        self._printed = 0
        self._dropped = 0

    def take(self, now: float) -> int | None:
        """None when no line may be printed at `now`; otherwise how many were dropped since one could."""
        if now - self._opened >= self._window:
            self._opened, self._printed = now, 0
        if self._printed >= self._limit:
            self._dropped += 1
            return None
        self._printed += 1
        dropped, self._dropped = self._dropped, 0
        return dropped


class Output:
    """What a child prints, as records for the supervisor's own log. A chatty child never waits for its reader."""

    def __init__(self, name: str, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.closed = False
        self.last: deque[str] = deque(maxlen=KEPT_LINES)
        self._name = name
        self._lines = Lines()
        self._budget = Budget()

    def read(self, now: float) -> list[dict[str, str | int]] | None:
        """Records of the lines that came; None at the end of the stream."""
        try:
            data = os.read(self.descriptor, 65_536)
        except BlockingIOError:
            return []
        lines = self._lines.feed(data or b"\n")
        self.last.extend(lines)
        records = [record for line in lines for record in self._records(line, now)]
        return records if data or records else None

    def _records(self, line: str, now: float) -> list[dict[str, str | int]]:
        dropped = self._budget.take(now)
        if dropped is None:
            return []
        gap: list[dict[str, str | int]] = [{"log": self._name, "dropped": dropped}] if dropped else []
        return [*gap, {"log": self._name, "line": line}]

    def close(self) -> None:
        """Stop reading."""
        self.closed = True
        os.close(self.descriptor)


class Child(NamedTuple):
    """A running program: its process and its output."""

    program: Program
    pid: int
    output: Output

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    def signal(self, number: int) -> None:
        """Send a signal to the process and to all of its session's first group."""
        with contextlib.suppress(ProcessLookupError):
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:  # forked so recently that it leads no group yet
                os.kill(self.pid, number)


def start(program: Program, passed: Sequence[int] = ()) -> Child:
    """Start a program in a session of its own; it inherits the descriptors in `passed` under the same numbers."""
    output, its_output = os.pipe2(os.O_CLOEXEC)
    # Until the new process has its own handlers, a signal to it would be written to the supervisor's wakeup pipe.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = os.fork()
    if pid == 0:
        _become(program, its_output, passed)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(its_output)
    return Child(program, pid, Output(program.name, output))


def _become(program: Program, output: int, passed: Sequence[int]) -> NoReturn:
    """In the forked process: turn into the program. Never returns, whatever goes wrong."""
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor in passed:
            os.set_inheritable(descriptor, True)  # noqa: FBT003 - takes it by position
        os.setsid()
        _default_signals()
        _switch(program.account)
        os.execvpe(program.argv[0], program.argv, dict(program.environment))  # noqa: S606 - no shell is the point
    except BaseException as error:  # noqa: BLE001 - this process must end here and nowhere else
        os.write(2, f"cannot start {program.argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _switch(account: Account) -> None:
    """Drop to the account. The directory is entered afterwards, since root has no right to pass a private one."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(account.umask)
    if account.oom_score:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to import
            file.write(str(account.oom_score))
    if account.uid != os.getuid():
        os.setgroups(account.groups)
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    os.chdir(account.directory)


def exit_text(status: int) -> str:
    """How a process ended, for people: `exited with code 1`, `was ended by SIGKILL`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def end_all(children: Sequence[Child], patience: float = 1.0) -> None:
    """SIGTERM to all, SIGKILL to those still there after `patience` seconds; returns when they are reaped."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    for child in children:
        child.signal(signal.SIGTERM)
        child.signal(signal.SIGCONT)  # a stopped process takes no SIGTERM
    _reap(children, time.monotonic() + patience)
    for child in children:
        child.signal(signal.SIGKILL)
    _reap(children, time.monotonic() + patience)


def _reap(children: Sequence[Child], deadline: float) -> None:
    """Wait until all have exited or the deadline has come. SIGCHLD is blocked, so none is missed between looks."""
    pids = [child.pid for child in children]
    while (pids := [pid for pid in pids if not _gone(pid)]) and (wait := deadline - time.monotonic()) > 0:
        signal.sigtimedwait([signal.SIGCHLD], wait)


def _gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
