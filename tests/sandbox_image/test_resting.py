from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox_image.resting import Look, Program, look, program, rests, worked

PATIENCE_S = 20.0
SLEEPING = "import os; print(flush=True); os.read(0, 1)"
BUSY = "print(flush=True)\nwhile True: pass"


@contextmanager
def running(text: str) -> Iterator[int]:
    """A Python program that has said that it runs; gone with all it started when the block is left."""
    command = [sys.executable, "-c", text]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def until_still(running: Program) -> Look | None:
    """Two looks between which nothing happened, or what was last seen."""
    until = time.monotonic() + PATIENCE_S
    before, now = None, look(running)
    while (now is None or now != before) and time.monotonic() < until:
        select.select([], [], [], 0.01)
        before, now = now, look(running)
    return now


def test_a_program_that_waits_for_something_is_at_rest() -> None:
    with running(SLEEPING) as pid:
        still = until_still(program(pid))
        assert still is not None
        assert str(pid) in still


def test_a_program_that_ran_between_two_looks_looks_different() -> None:
    with running("import os; print(flush=True)\nwhile os.read(0, 1): os.write(1, b'.')") as pid:
        before = until_still(program(pid))
        Path(f"/proc/{pid}/fd/0").write_bytes(b".")
        until = time.monotonic() + PATIENCE_S
        while look(program(pid)) in (None, before) and time.monotonic() < until:
            pass
        assert until_still(program(pid)) != before


def test_a_program_is_at_work_when_one_below_it_is() -> None:
    text = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    with running(text) as pid:
        family = program(pid)
        assert len(family.pids) == 2
        assert look(family) is None


def test_what_runs_at_a_terminal_of_the_program_is_not_the_program() -> None:
    # Whoever started the tests may ignore SIGHUP, which is what ends the program at the terminal.
    hangs_up = "import os, pty, signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    fork = f"{hangs_up}pid, fd = pty.fork()\nif pid == 0: exec({BUSY!r})\n"
    text = f"{fork}os.read(fd, 1); print(flush=True); os.read(0, 1)"
    with running(text) as pid:
        family = program(pid)
        assert (family.pids, len(family.inside)) == ([pid], 1)
        assert until_still(family) is not None
        assert look(family.whole) is None


def test_a_program_that_is_stopped_is_not_at_rest() -> None:
    with running(SLEEPING) as pid:
        os.kill(pid, signal.SIGSTOP)
        until = time.monotonic() + PATIENCE_S
        while look(program(pid)) is not None and time.monotonic() < until:
            pass
        assert look(program(pid)) is None


def test_a_program_does_not_see_itself_at_rest() -> None:
    assert program(os.getpid()).pids == []


def test_a_program_that_is_gone_is_at_rest() -> None:
    with running(SLEEPING) as pid:
        pass
    assert program(pid) == Program([], [])
    assert program(None) == Program([], [])
    assert look(program(pid)) == {}


def sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


def test_a_program_rests_once_it_has_done_nothing_for_a_frame() -> None:
    with running(SLEEPING) as pid:
        assert rests(program(pid), sleep, PATIENCE_S)


def test_a_program_that_works_on_is_not_waited_for_longer_than_said() -> None:
    with running(BUSY) as pid:
        assert not rests(program(pid), sleep, 0.1)


def test_a_program_that_works_has_had_more_processor_time_than_before() -> None:
    with running(BUSY) as pid:
        before = worked(pid)
        until = time.monotonic() + PATIENCE_S
        while worked(pid) == before and time.monotonic() < until:
            select.select([], [], [], 0.01)
        assert worked(pid) != before


def test_a_program_that_is_stopped_or_gone_does_not_work() -> None:
    with running(BUSY) as pid:
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        before = worked(pid)
        select.select([], [], [], 0.1)
        assert (worked(pid), bool(before)) == (before, True)
    assert worked(pid) == worked(None) == []
