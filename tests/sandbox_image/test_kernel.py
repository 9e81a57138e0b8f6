from __future__ import annotations

import os
import pty
import subprocess
import termios
import threading

import pytest

from sandbox_image.kernel import processes, read, stat, threads, waits_for_keys


def test_a_process_has_a_line_whatever_its_name() -> None:
    renamed = "printf 'a) (b' > /proc/$$/comm; echo; read line"
    with subprocess.Popen(["sh", "-c", renamed], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert b"(a) (b)" in read(f"/proc/{process.pid}/stat")
        assert int(stat(str(process.pid))[1]) == os.getpid()
        assert str(process.pid) in processes()
        process.kill()


def test_what_is_gone_tells_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert (read(f"/proc/{process.pid}/stat"), stat(str(process.pid)), threads(process.pid)) == (b"", [], [])
    assert str(process.pid) not in processes()


def test_all_threads_of_a_process_are_listed() -> None:
    assert str(threading.get_native_id()) in threads(os.getpid())


@pytest.mark.parametrize(
    ("cleared", "waits"), [(0, False), (termios.ICANON, True), (termios.ECHO, True), (termios.ISIG, False)]
)
def test_a_terminal_without_lines_or_echo_waits_for_keys(cleared: int, *, waits: bool) -> None:
    master, slave = pty.openpty()
    settings = termios.tcgetattr(slave)
    settings[3] &= ~cleared
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    assert waits_for_keys(os.fstat(slave).st_rdev) is waits
    os.close(slave)
    os.close(master)


def test_what_is_no_terminal_waits_for_nothing() -> None:
    assert not waits_for_keys(0)
    assert not waits_for_keys(os.makedev(136, 99_999))
