from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from sandbox_image.display import Connection
from sandbox_image.settle import Sign
from sandbox_image.signs import LEAST_GAP_S, Signs
from tests.support.xserver import PATIENCE_S, running

pytestmark = pytest.mark.x11
SPIN = "while True: pass"


@pytest.fixture
def x_server(display: str) -> Iterator[int]:
    """Its process id."""
    connection = Connection(display)
    yield connection.server_pid()
    connection.close()


@pytest.fixture
def signs(x_server: int) -> Signs:
    return Signs(x_server)


def seen(signs: Signs, wanted: Callable[[Sign], bool]) -> Sign:
    """The first look that shows it."""
    until = time.monotonic() + PATIENCE_S
    while not wanted(sign := signs.look()):
        assert time.monotonic() < until, sign
        time.sleep(0.005)
    return sign


def works(x_server: int) -> None:
    """Wait until programs have worked for some time, seen by somebody else."""
    signs = Signs(x_server)
    begun = signs.look()
    seen(signs, lambda sign: sign.work > begun.work + 2 * LEAST_GAP_S)


class Shell:
    """An interactive bash on a terminal of its own."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def type(self, text: str) -> None:
        """At its prompt, or into what runs."""
        os.write(self._terminal, text.encode())

    def until(self, text: str) -> None:
        """Wait for output."""
        said = b""
        while text.encode() not in said:
            ready, _, _ = select.select([self._terminal], [], [], PATIENCE_S)
            assert ready, said
            said += os.read(self._terminal, 4096)


@pytest.fixture
def shell() -> Iterator[Shell]:
    terminal, its_end = pty.openpty()
    bash = ("setsid", "--ctty", "bash", "--norc", "--noprofile", "-i")
    with subprocess.Popen(bash, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        one = Shell(terminal)
        one.type("PS1=rea; PS1+='dy> '\n")
        one.until("ready> ")
        yield one
        process.kill()
    os.close(terminal)
    os.close(its_end)


def test_work_of_another_program_counts(signs: Signs) -> None:
    before = signs.look()
    with running("python3", "-c", SPIN):
        assert seen(signs, lambda sign: sign.work > before.work + 0.05).at > before.at


def test_a_command_in_a_terminal_that_comes_with_the_input_is_a_job_until_it_ends(signs: Signs, shell: Shell) -> None:
    signs.begin()
    assert not signs.look().job
    shell.type("cat\n")
    seen(signs, lambda sign: sign.job)
    shell.type("\4")
    seen(signs, lambda sign: not sign.job)


def test_a_command_that_ran_before_the_input_is_none(signs: Signs, shell: Shell) -> None:
    shell.type("cat\n")
    seen(signs, lambda sign: sign.job)
    signs.begin()
    shell.type("a line for it\n")
    shell.until("for it\r\na line")
    assert not signs.look().job


@pytest.mark.parametrize("asks", ["read -rsn1", "read -rs"])
def test_a_command_is_no_job_while_it_waits_for_keys_or_a_secret(signs: Signs, shell: Shell, asks: str) -> None:
    signs.begin()
    shell.type(f"bash -c 'printf beg''ins; {asks}; printf goes; cat'\n")
    shell.until("begins")
    seen(signs, lambda sign: not sign.job)
    shell.type("\n")
    shell.until("goes")
    assert seen(signs, lambda sign: sign.job)


def test_what_is_usual_was_so_in_two_gaps(x_server: int, signs: Signs) -> None:
    assert signs.usual == 0
    with running("python3", "-c", SPIN):
        works(x_server)
        signs.begin()
        assert signs.usual == 0
        works(x_server)
        signs.begin()
        assert signs.usual is not None
        assert signs.usual > 0


def test_where_the_kernel_does_not_tell_nothing_is_usual() -> None:
    signs = Signs(0)
    assert signs.usual is None
    signs.begin()
    assert signs.look().work == 0
