"""The first process of a sandbox: starts the others, each under its own user, and ends the container.

Runs as root with SETUID, SETGID and KILL and nothing else. It binds the server's listening socket, starts Xvnc and
the server side by side and, once the display is up, the session and the worker. It holds the lease: when that lapses,
the server stops beating or a signal comes, everything ends, and with its init the container. What exits before that
is started again. Its own output is one JSON object a line: `{"step": …}` for what has come up, with `error` for what
has not, and `{"log": …, "line": …}` for what its children print.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

from sandbox_image.children import Child, Program, Restarts, end_all, exit_text, start
from sandbox_image.link import (
    LINK_FD,
    Beat,
    Display,
    DisplayEnded,
    Lease,
    Link,
    LinkError,
    Message,
    Ready,
    WorkerStarted,
)
from sandbox_image.plan import LEASE, LISTEN_FD, WORKER_FD, Plan, plan_from
from sandbox_image.sockets import bind, make_socket_directories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox_image.children import Output

LONGEST_RECORD = 4096
"""A write to a pipe up to this size is whole or does not happen."""


class Deadlines:
    """Named moments of the monotonic clock by which something must have happened."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, what: str, at: float) -> None:
        """From now on `what` must happen before `at`."""
        self._at[what] = at

    def clear(self, what: str) -> None:
        """It has happened."""
        self._at.pop(what, None)

    def left(self, what: str, now: float) -> float:
        """Seconds until one of them."""
        return max(0.0, self._at[what] - now)

    def wait(self, now: float) -> float:
        """Seconds until the next of them."""
        return max(0.0, min(self._at.values()) - now)

    def passed(self, now: float) -> str | None:
        """One that has passed."""
        return next((what for what, at in self._at.items() if at <= now), None)


class EndOfSandbox(Exception):
    """The sandbox ends here, because it was told to or its time is over."""


class StepError(Exception):
    """A step failed for good; carries what its program printed last."""

    def __init__(self, step: str, error: str, last: list[str]) -> None:
        super().__init__(error)
        self.step = step
        self.last = last


class Supervisor:
    """Keeps the programs of a plan running until the sandbox ends."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._selector = selectors.DefaultSelector()
        self._deadlines = Deadlines()
        self._children: dict[int, Child] = {}
        self._restarts: dict[str, Restarts] = {}
        self._display: str | None = None
        self._link: Link | None = None
        self._worker_main: socket.socket | None = None
        self._listening = bind(plan.socket_path, plan.server.account)
        self._wakeup = self._catch_signals()

    def run(self) -> int:
        """Run to the end; the exit code says whether it was meant to end (0) or failed (1)."""
        os.set_blocking(1, False)
        try:
            self._start_all()
            while True:
                self._turn()
        except EndOfSandbox as end:
            say(step="ended", reason=str(end))
            return 0
        except StepError as failure:
            say(step=failure.step, error=str(failure), log=failure.last)
            return 1
        finally:
            end_all(list(self._children.values()), self._plan.patience.ending)
            self._drop_link()

    def _start_all(self) -> None:
        say(step="listening")
        self._deadlines.set("lease", time.monotonic() + self._plan.lease)
        self._start_server()
        self._start_display()

    def _turn(self) -> None:
        """Wait for the next thing that happens and deal with it. What waits to be read counts before a deadline."""
        for key, _ in self._selector.select(self._deadlines.wait(time.monotonic())):
            if self._selector.get_map().get(key.fd) is key:  # an earlier one of this round may have ended it
                key.data()
        match self._deadlines.passed(time.monotonic()):
            case "lease":
                raise EndOfSandbox("the lease was not renewed in time")
            case "beat":
                raise StepError("server", "no heartbeat in time", self._last_lines("server"))
            case "display":
                raise StepError("display", "the X server was not ready in time", self._last_lines("xvnc"))

    # --- signals and exits ---------------------------------------------------------------------------------------

    def _catch_signals(self) -> int:
        wakeup, written = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self._watch(wakeup, self._on_signal)
        return wakeup

    def _on_signal(self) -> None:
        for number in set(os.read(self._wakeup, 1024)) - {signal.SIGCHLD}:
            raise EndOfSandbox(f"{signal.Signals(number).name} was received")
        while (changed := wait_any()) is not None:
            pid, status = changed
            if os.WIFSTOPPED(status):
                self._continue(pid)
            elif child := self._children.pop(pid, None):
                self._read(child.output)
                self._on_exit(child, exit_text(status))

    def _continue(self, pid: int) -> None:
        """A program that was stopped by a signal would hold up whoever waits for it: it goes on at once."""
        if child := self._children.get(pid):
            note(f"{child.name} was stopped by a signal and goes on")
            child.signal(signal.SIGCONT)

    def _on_exit(self, child: Child, how: str) -> None:
        if child.program.stays:
            note(f"{child.name} {how}")  # and the desktop goes on without it if it does so too often
        restart = {"xvnc": self._restart_display, "server": self._restart_server, "worker": self._start_worker}
        if child.name in restart:
            if not self._may_restart(child):
                raise StepError(child.name, f"{how}, too often to start it again", list(child.output.last))
            restart[child.name]()
        elif child.program.stays and self._display and self._may_restart(child):
            self._start(child.program)

    def _may_restart(self, child: Child) -> bool:
        return self._restarts.setdefault(child.name, Restarts()).allowed(time.monotonic())

    # --- display, session, worker --------------------------------------------------------------------------------

    def _start_display(self) -> None:
        ready, its_ready = os.pipe2(os.O_CLOEXEC)
        program = self._plan.xvnc
        argv = (*program.argv, "-displayfd", str(its_ready))
        self._deadlines.set("display", time.monotonic() + self._plan.patience.display)
        self._start(program._replace(argv=argv), its_ready)
        os.close(its_ready)
        written = bytearray()
        self._watch(ready, lambda: self._on_display(ready, written))

    def _on_display(self, ready: int, written: bytearray) -> None:
        """The X server wrote its display's number, and the end of the line apart from it, or went before it could."""
        written += (data := os.read(ready, 64))
        if data and not written.endswith(b"\n"):
            return
        self._selector.unregister(ready)
        os.close(ready)
        number = written.decode(errors="replace").strip()
        if not number.isdigit():
            return
        self._deadlines.clear("display")
        self._display = f":{number}"
        say(step="display", name=self._display)
        self._tell(Display(self._display))
        for program in self._plan.session:
            self._start(program)
        say(step="session")
        if self._worker_main is None:
            self._start_worker()

    def _restart_display(self) -> None:
        """Without a display its session is of no use; what is left of it goes before the new one starts."""
        self._display = None
        self._tell(DisplayEnded())
        session = {program.name for program in self._plan.session}
        for child in [child for child in self._children.values() if child.name in session]:
            del self._children[child.pid]
            child.signal(signal.SIGKILL)
        self._start_display()

    def _start_worker(self) -> None:
        if self._worker_main is not None:
            self._worker_main.close()
        self._worker_main, its_main = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = self._plan.worker
        environment = {**program.environment, WORKER_FD: str(its_main.fileno())}
        self._start(program._replace(environment=environment), its_main.fileno())
        its_main.close()
        say(step="worker")
        self._tell(WorkerStarted(self._worker_main))

    # --- server ----------------------------------------------------------------------------------------------------

    def _start_server(self) -> None:
        ours, its_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link = link = Link(ours)
        self._watch(link.fileno(), lambda: self._on_link(link))
        program, listening = self._plan.server, self._listening.fileno()
        now = time.monotonic()
        environment = {
            **program.environment,
            LISTEN_FD: str(listening),
            LINK_FD: str(its_link.fileno()),
            LEASE: f"{self._deadlines.left('lease', now):.3f}",
        }
        self._deadlines.set("beat", now + self._plan.patience.first_beat)
        self._start(program._replace(environment=environment), listening, its_link.fileno())
        its_link.close()

    def _restart_server(self) -> None:
        """The new one takes over the listening socket, with what queued on it, the display and the worker."""
        self._drop_link()
        self._start_server()
        if self._display is not None:
            self._tell(Display(self._display))
        if self._worker_main is not None:
            self._tell(WorkerStarted(self._worker_main))

    def _on_link(self, link: Link) -> None:
        with self._kills_server():
            while (message := link.receive()) is not None:
                self._hear(message)

    def _hear(self, message: Message) -> None:
        now = time.monotonic()
        match message:
            case Beat():
                self._deadlines.set("beat", now + self._plan.patience.beat)
            case Lease(seconds):
                self._deadlines.set("lease", now + seconds)
            case Ready():
                self._deadlines.set("beat", now + self._plan.patience.beat)
                say(step="server")
            case _:
                raise LinkError(f"the server may not send {message}")

    def _tell(self, message: Message) -> None:
        if self._link is not None:
            with self._kills_server():
                self._link.send(message)

    @contextlib.contextmanager
    def _kills_server(self) -> Iterator[None]:
        """A server whose link broke is of no use: it is killed, and started again when it was reaped."""
        try:
            yield
        except LinkError as error:
            note(f"the server's link broke: {error}")
            self._drop_link()
            for child in self._children.values():
                if child.name == "server":
                    child.signal(signal.SIGKILL)

    def _drop_link(self) -> None:
        if self._link is not None:
            self._selector.unregister(self._link.fileno())
            self._link.close()
            self._link = None

    # --- common ----------------------------------------------------------------------------------------------------

    def _start(self, program: Program, *passed: int) -> None:
        child = start(program, passed)
        self._children[child.pid] = child
        self._watch(child.output.descriptor, lambda: self._read(child.output))

    def _read(self, output: Output) -> None:
        if output.closed:
            return  # it ended before its program did
        records = output.read(time.monotonic())
        for record in records or ():
            say(**record)
        if records is None:
            self._selector.unregister(output.descriptor)
            output.close()

    def _watch(self, descriptor: int, act: Callable[[], None]) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, act)

    def _last_lines(self, name: str) -> list[str]:
        return [line for child in self._children.values() if child.name == name for line in child.output.last]


def wait_any() -> tuple[int, int] | None:
    """The process id and status of a child that exited or was stopped, None when there is none."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def say(**record: object) -> None:
    """One record on standard output. It is dropped when nobody reads, since the lease must not wait for a reader."""
    data = json.dumps(record).encode() + b"\n"
    last = record.get("log")
    if len(data) > LONGEST_RECORD and isinstance(last, list) and last:
        say(**{**record, "log": last[1:]})
        return
    with contextlib.suppress(OSError):
        os.write(1, data)


def note(line: str) -> None:
    """A line of the supervisor's own log."""
    say(log="supervisor", line=line)


def main() -> int:
    """Run the sandbox that the environment describes. Exit codes: 0 meant to end, 1 failed, 2 not started."""
    try:
        plan = plan_from(os.environ)
        make_socket_directories()
        supervisor = Supervisor(plan)
    except (OSError, ValueError, KeyError) as error:
        say(step="listening", error=f"{type(error).__name__}: {error}")
        return 2
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
