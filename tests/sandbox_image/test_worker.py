"""The worker's process as a whole."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox_image.worker_link import Worker
from tests.support.guest_worker import REPOSITORY, run, running_worker, start_worker

if TYPE_CHECKING:
    from pathlib import Path


def ask(main: socket.socket, sent: bytes) -> bytes:
    """All that the worker answers to these bytes."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            socket.send_fds(main, [b"request"], [theirs.fileno()])
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        with ours.makefile("rb") as answer:
            return answer.read()


def test_the_worker_loads_neither_pydantic_nor_anything_for_the_screen() -> None:
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import sandbox_image.worker; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-I", "-c", code], text=True).split())
    assert not loaded & {"pydantic", "pydantic_core", "sandbox_image.wire", "PIL", "Xlib", "mss"}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0",
        struct.pack(">IB", 3, 1) + b"xyz",
        struct.pack(">IB", 2, 1) + b"{}",
        struct.pack(">IB", 0, 3),
        b"\xff" * 9,
    ],
)
async def test_a_malformed_request_does_not_end_the_worker(home: Path, sent: bytes) -> None:
    process, main = start_worker(home)
    answer = ask(main, sent)
    assert b"failure" in answer or not sent
    link = Worker()
    link.attach(main)
    assert (await run(link, "echo on")).text == "on\n"
    link.close()
    assert process.wait(30) == 0


async def test_the_worker_ends_with_its_shells_when_the_server_goes_away(home: Path) -> None:
    async with running_worker(home) as link:
        pid = int((await run(link, "sleep 1000 & echo $!")).text)
    assert not os.path.exists(f"/proc/{pid}") or _is_zombie(pid)  # noqa: PTH110, ASYNC240 - a read of procfs


async def test_the_worker_ends_when_it_is_told_to(home: Path) -> None:
    process, main = start_worker(home)
    link = Worker()
    link.attach(main)
    await run(link, "true")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    link.close()


def test_a_worker_without_its_socket_says_who_starts_it() -> None:
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from sandbox_image.worker import main; main()"
    done = subprocess.run([sys.executable, "-I", "-c", code], env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "HARNESS_WORKER_FD" in done.stderr


def _is_zombie(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - a read of procfs
        return file.read().rpartition(b")")[2].split()[0] == b"Z"
