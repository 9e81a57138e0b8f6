"""The supervisor with real processes: small programs in the places of X server, server, worker and session."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox_image.supervisor import LONGEST_RECORD, Deadlines, say

ROOT = Path(__file__).parents[2]

RUN = """
import json, os, sys
from sandbox_image.children import Account, Program
from sandbox_image.plan import Patience, Plan
from sandbox_image.supervisor import Supervisor

path, lease, patience, sources = json.loads(sys.argv[1])
me = Account(os.getuid(), os.getgid())

def program(name):
    return Program(name, (sys.executable, "-c", sources[name]), me, {"PYTHONPATH": sys.path[0]})

session = tuple(program(name) for name in ("panel", "wallpaper") if name in sources)
session = tuple(each._replace(stays=each.name == "panel") for each in session)
plan = Plan(path, lease, program("xvnc"), program("server"), program("worker"), session, Patience(*patience))
sys.exit(Supervisor(plan).run())
"""

XVNC = """
import os, signal, sys
ready = int(sys.argv[sys.argv.index("-displayfd") + 1])
os.write(ready, b"7")
os.write(ready, b"\\n")
print("pid", os.getpid(), flush=True)
signal.pause()
"""

# Beats, and does what a line on a connection says; the answer is one JSON document.
SERVER = """
import json, os, select, signal, socket
from sandbox_image.link import Beat, Display, DisplayEnded, Lease, Link, Ready, WorkerStarted

listening = socket.socket(fileno=int(os.environ["HARNESS_LISTEN_FD"]))
end = os.environ["HARNESS_LINK_FD"]
link = Link.inherited()
link.send(Ready())
displays, workers = [], []

def answer(words):
    match words:
        case ["told"]:
            return {"pid": os.getpid(), "displays": displays, "workers": len(workers)}
        case ["worker"]:
            workers[-1].send(b"?")
            return workers[-1].recv(20).decode()
        case ["lease", seconds]:
            link.send(Lease(float(seconds)))
        case ["say", packet]:
            os.write(int(end), packet.encode())
        case ["freeze"]:
            while True:
                pass

while True:
    ready, _, _ = select.select([link, listening], [], [], 0.05)
    while (message := link.receive()) is not None:
        match message:
            case Display(name):
                displays.append(name)
            case DisplayEnded():
                displays.append("ended")
            case WorkerStarted(main):
                workers.append(main)
    if listening in ready:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(json.dumps(answer(connection.recv(1000).decode().split(" ", 1))).encode())
    link.send(Beat())
"""

WORKER = """
import os, socket
main = socket.socket(fileno=int(os.environ["HARNESS_WORKER_FD"]))
while main.recv(10):
    main.send(str(os.getpid()).encode())
"""

PANEL = "import os, signal; print('pid', os.getpid(), flush=True); signal.pause()"
PROGRAMS = {"xvnc": XVNC, "server": SERVER, "worker": WORKER, "panel": PANEL}


class Running:
    """A supervisor under test, its records and a way to ask its server."""

    def __init__(self, path: Path, *, lease: float, patience: tuple[float, ...], programs: dict[str, str]) -> None:
        self.path = str(path / "server.sock")
        argument = json.dumps([self.path, lease, patience, {**PROGRAMS, **programs}])
        self.process = subprocess.Popen([sys.executable, "-c", RUN, argument], cwd=ROOT, stdout=subprocess.PIPE)
        self.step("listening")

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next record that is wanted."""
        assert self.process.stdout is not None
        seen = []
        for line in self.process.stdout:
            record: dict[str, Any] = json.loads(line)
            if wanted(record):
                return record
            seen.append(record)
        raise AssertionError(f"it ended with {self.process.wait()}, having said {seen}")

    def step(self, name: str) -> dict[str, Any]:
        """The next record of a step."""
        return self.until(lambda record: record.get("step") == name)

    def pid(self, name: str) -> int:
        """The process id that a program prints when it starts."""
        line = self.until(lambda record: record.get("log") == name and record.get("line", "").startswith("pid"))["line"]
        return int(line.split()[1])

    def ask(self, command: str) -> Any:
        """What the server answers to a command; None when it died over it."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            try:
                connection.sendall(command.encode())
                return json.loads(connection.recv(10_000) or b"null")
            except (BrokenPipeError, ConnectionResetError):
                return None

    def told(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What the server was told, once that is as wanted; each question is answered after a round of its loop."""
        while not ((told := self.ask("told")) and wanted(told)):
            pass
        assert isinstance(told, dict)
        return told

    def stop(self) -> int:
        """Tell it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


Start = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start(*, lease: float = 60.0, patience: tuple[float, ...] = (), **programs: str) -> Running:
        started.append(Running(tmp_path, lease=lease, patience=patience, programs=programs))
        return started[-1]

    yield start
    for running in started:
        running.stop()
        assert running.process.stdout is not None
        running.process.stdout.close()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_everything_comes_up_and_the_server_learns_of_display_and_worker(run: Start) -> None:
    sandbox = run()
    assert sandbox.step("display") == {"step": "display", "name": ":7"}
    sandbox.step("session")
    sandbox.step("worker")
    told = sandbox.told(lambda told: told["workers"] > 0)
    assert told["displays"] == [":7"]
    assert alive(int(sandbox.ask("worker")))


def test_a_connection_made_before_the_server_is_up_is_answered(run: Start) -> None:
    sandbox = run()
    assert sandbox.ask("told")["pid"]


def test_a_server_that_dies_is_replaced_behind_the_same_socket_and_finds_the_same_worker(run: Start) -> None:
    sandbox = run()
    first = sandbox.told(lambda told: told["workers"] > 0)
    worker = sandbox.ask("worker")
    os.kill(first["pid"], signal.SIGKILL)
    second = sandbox.told(lambda told: told["pid"] != first["pid"] and told["workers"] > 0)
    assert second["displays"] == [":7"]
    assert sandbox.ask("worker") == worker


def test_a_worker_that_dies_is_replaced_and_the_server_gets_the_new_one(run: Start) -> None:
    sandbox = run()
    sandbox.told(lambda told: told["workers"] == 1)
    first = sandbox.ask("worker")
    os.kill(int(first), signal.SIGKILL)
    sandbox.told(lambda told: told["workers"] == 2)
    assert sandbox.ask("worker") not in {first, None}


def test_an_x_server_that_dies_comes_back_with_a_new_session_and_the_worker_stays(run: Start) -> None:
    sandbox = run()
    xvnc, panel = sandbox.pid("xvnc"), sandbox.pid("panel")
    sandbox.told(lambda told: told["workers"] == 1)
    worker = sandbox.ask("worker")
    os.kill(xvnc, signal.SIGKILL)
    assert sandbox.pid("panel") != panel
    sandbox.told(lambda told: told["displays"] == [":7", "ended", ":7"])
    assert sandbox.ask("worker") == worker
    assert not alive(panel)


def test_a_program_of_the_session_that_dies_is_started_again_unless_it_was_to_end(run: Start) -> None:
    sandbox = run(wallpaper="print('painted')")
    panel = sandbox.pid("panel")
    os.kill(panel, signal.SIGTERM)
    assert sandbox.pid("panel") != panel
    sandbox.stop()
    assert sandbox.process.stdout is not None
    assert b"painted" not in sandbox.process.stdout.read()


def test_a_panel_that_keeps_dying_is_given_up_and_the_sandbox_goes_on(run: Start) -> None:
    sandbox = run(panel="raise SystemExit('no tray')")
    for _ in range(5):
        sandbox.until(lambda record: record.get("line") == "panel exited with code 1")
    assert sandbox.ask("told")["displays"] == [":7"]
    assert sandbox.stop() == 0


def test_the_sandbox_ends_when_its_lease_is_not_renewed(run: Start) -> None:
    sandbox = run(lease=0.3)
    assert sandbox.step("ended")["reason"] == "the lease was not renewed in time"
    assert sandbox.process.wait() == 0


def test_a_lease_counts_from_the_moment_it_is_renewed(run: Start) -> None:
    sandbox = run()
    sandbox.ask("lease 0.01")
    assert "lease" in sandbox.step("ended")["reason"]


@pytest.mark.parametrize("name", ["xvnc", "panel"])
def test_a_program_that_is_stopped_goes_on_at_once(run: Start, name: str) -> None:
    sandbox = run()
    os.kill(sandbox.pid(name), signal.SIGSTOP)
    sandbox.until(lambda record: record.get("line") == f"{name} was stopped by a signal and goes on")
    assert sandbox.stop() == 0


def test_a_server_that_is_stopped_goes_on_at_once(run: Start) -> None:
    sandbox = run()
    pid = sandbox.ask("told")["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert sandbox.told(lambda told: told["pid"] == pid)


def test_a_server_that_hangs_ends_the_sandbox(run: Start) -> None:
    sandbox = run(patience=(15.0, 30.0, 2.0, 0.5))
    pid = sandbox.ask("told")["pid"]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sandbox.path)
        connection.sendall(b"freeze")
    assert sandbox.step("server")  # ready
    assert sandbox.step("server")["error"] == "no heartbeat in time"
    assert sandbox.process.wait() == 1
    assert not alive(pid)


def test_a_server_that_never_beats_ends_the_sandbox(run: Start) -> None:
    sandbox = run(server="import signal; signal.pause()", patience=(15.0, 0.5))
    assert sandbox.step("server")["error"] == "no heartbeat in time"


def test_an_x_server_that_does_not_get_ready_ends_the_sandbox(run: Start) -> None:
    sandbox = run(xvnc="import signal; signal.pause()", patience=(0.5,))
    assert sandbox.step("display")["error"] == "the X server was not ready in time"
    assert sandbox.process.wait() == 1


def test_a_signal_ends_everything_also_what_ignores_it(run: Start) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    sandbox = run(panel=stubborn + PANEL, patience=(15.0, 30.0, 10.0, 0.2))
    pids = [sandbox.pid("xvnc"), sandbox.pid("panel"), sandbox.ask("told")["pid"]]
    assert sandbox.stop() == 0
    assert [pid for pid in pids if alive(pid)] == []


def test_a_program_that_keeps_dying_ends_the_sandbox_with_its_last_words(run: Start) -> None:
    sandbox = run(xvnc="raise SystemExit('cannot open the display')")
    failure = sandbox.until(lambda record: "error" in record)
    assert failure["step"] == "xvnc"
    assert failure["error"] == "exited with code 1, too often to start it again"
    assert failure["log"] == ["cannot open the display"]
    assert sandbox.process.wait() == 1


@pytest.mark.parametrize("packet", ["nonsense", '{"kind": "display", "name": ":0"}'])
def test_a_server_that_says_what_it_may_not_is_replaced(run: Start, packet: str) -> None:
    sandbox = run()
    first = sandbox.ask("told")["pid"]
    sandbox.ask(f"say {packet}")
    assert sandbox.told(lambda told: told["pid"] != first)


def test_nobody_reading_the_log_does_not_stop_the_sandbox(run: Start) -> None:
    sandbox = run(xvnc="for number in range(1000): print('x' * 480)\n" + XVNC)
    assert sandbox.told(lambda told: told["displays"] == [":7"])
    assert sandbox.stop() == 0


def test_the_nearest_deadline_is_waited_for_and_named_when_it_has_passed() -> None:
    deadlines = Deadlines()
    deadlines.set("lease", 60.0)
    deadlines.set("beat", 10.0)
    assert deadlines.wait(4.0) == 6.0
    assert deadlines.passed(9.9) is None
    assert deadlines.passed(10.0) == "beat"
    assert deadlines.wait(11.0) == 0.0
    deadlines.clear("beat")
    assert deadlines.passed(59.0) is None


def test_a_failure_with_a_long_log_is_shortened_to_one_whole_record(capfd: pytest.CaptureFixture[str]) -> None:
    say(step="server", error="no heartbeat in time", log=["é" * 500] * 8)
    line = capfd.readouterr().out
    assert len(line) <= LONGEST_RECORD
    assert json.loads(line)["log"]


def test_it_refuses_an_environment_it_does_not_understand(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox_image.supervisor"]
    environment = {"HARNESS_LEASE": "soon", "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert outcome.returncode == 2
    assert "error" in json.loads(outcome.stdout)


def test_it_is_up_before_anybody_could_wait_for_it() -> None:
    """What it imports decides when a sandbox starts: nothing of the heavy kind."""
    code = "import sys, sandbox_image.supervisor; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"asyncio", "subprocess", "pydantic", "pathlib", "dataclasses", "inspect"} & set(modules)
