"""The server as a process of its own, with the test in the supervisor's place; no display and no worker."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox_image.link import Beat, Lease, Link, Ready
from sandbox_image.server import LinkedLease
from sandbox_image.wire import ErrorCode, Failure, decode, encode
from sandbox_image.wire import Lease as LeaseRequest
from tests.support.served import plain

ROOT = Path(__file__).parent.parent.parent


class Supervisor:
    """The supervisor's end of the link, and the process."""

    def __init__(self, link: Link, process: asyncio.subprocess.Process) -> None:
        self.link, self.process = link, process

    async def hear(self) -> object:
        """The next message."""
        while (message := self.link.receive()) is None:
            readable = asyncio.Event()
            asyncio.get_running_loop().add_reader(self.link.fileno(), readable.set)
            await readable.wait()
            asyncio.get_running_loop().remove_reader(self.link.fileno())
        return message


@asynccontextmanager
async def started(path: Path) -> AsyncIterator[Supervisor]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with socket.socket(socket.AF_UNIX) as listening, theirs:
        listening.bind(str(path))
        listening.listen()
        environment = {
            **os.environ,
            "HARNESS_LISTEN_FD": str(listening.fileno()),
            "HARNESS_LINK_FD": str(theirs.fileno()),
            "PYTHONPATH": str(ROOT),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox_image.server",
            env=environment,
            pass_fds=(listening.fileno(), theirs.fileno()),
            stderr=asyncio.subprocess.PIPE,
        )
    link = Link(ours)
    try:
        yield Supervisor(link, process)
    finally:
        link.close()
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_it_says_that_it_is_ready_and_beats(tmp_path: Path) -> None:
    async with started(tmp_path / "s") as supervisor:
        assert [await supervisor.hear() for _ in range(3)] == [Ready(), Beat(), Beat()]


async def test_it_answers_while_there_is_no_display_and_passes_leases_on(tmp_path: Path) -> None:
    async with started(tmp_path / "s") as supervisor, plain(tmp_path / "s") as http:
        health = await http.get("/health?timeout=0.01")
        lease = await http.post("/lease", content=encode(LeaseRequest(seconds=900)))
        heard = [await supervisor.hear() for _ in range(3)]
    assert decode(Failure, health.content).code is ErrorCode.DEADLINE
    assert lease.status_code == 200
    assert Lease(900) in heard


async def test_it_ends_at_once_when_the_supervisor_is_gone(tmp_path: Path) -> None:
    async with started(tmp_path / "s") as supervisor:
        await supervisor.hear()
        supervisor.link.close()
        _, errors = await supervisor.process.communicate()
        assert supervisor.process.returncode == 1
    assert b"the link to the supervisor broke" in errors


async def test_it_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    async with started(tmp_path / "s") as supervisor:
        await supervisor.hear()
        supervisor.process.terminate()
        _, errors = await supervisor.process.communicate()
    assert b"Traceback" not in errors


def test_a_lease_counts_down_and_a_renewal_is_told_to_the_supervisor() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    supervisor, lease = Link(ours), LinkedLease(Link(theirs), 100)
    assert 99 < lease.left() <= 100
    lease.renew(900)
    assert supervisor.receive() == Lease(900)
    assert 899 < lease.left() <= 900
    ours.close()
    theirs.close()


@pytest.mark.parametrize("module", ["numpy", "fastapi", "pyautogui", "websockets", "harness"])
async def test_what_it_has_no_use_for_is_not_imported(module: str) -> None:
    code = f"import sys, sandbox_image.server; sys.exit({module!r} in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT)
    assert await process.wait() == 0


async def test_garbage_is_collected_but_not_looked_for_in_what_was_imported() -> None:
    code = """if True:
        import contextlib, gc, runpy, sys
        with contextlib.suppress(KeyError):  # nothing to listen on
            runpy.run_module("sandbox_image.server", run_name="__main__")
        sys.exit(not (gc.isenabled() and gc.get_freeze_count()))
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT)
    assert await process.wait() == 0
