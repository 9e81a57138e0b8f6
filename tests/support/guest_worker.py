"""A real worker process on this machine, with a home of its own, and the server's side of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox_image.channel import WORKER_FD
from sandbox_image.wire import Exit, Launch, Launched, Output, Shell
from sandbox_image.worker_link import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

REPOSITORY = Path(__file__).parents[2]
NOBODY = 65_534
_START = f"""
import concurrent.futures.thread, difflib, os, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from sandbox_image.worker import main
if os.geteuid() == 0:  # only now: this interpreter may lie where nobody else can read it
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
main()
"""


def start_worker(home: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a worker, never as root; our end of its main socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START],
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", WORKER_FD: str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
        )
    return process, ours


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A home for a worker. Not below pytest's own folder, which belongs to the user who runs the tests alone."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(home, NOBODY, NOBODY)
        yield home


@asynccontextmanager
async def running_worker(home: Path) -> AsyncIterator[Worker]:
    """A link with a worker attached; both end with the block, and all shells with them."""
    process, main = start_worker(home)
    link = Worker()
    link.attach(main)
    try:
        yield link
    finally:
        link.close()
        process.wait(30)


async def launch(worker: Worker, *argv: str, cwd: str | None = None, env: dict[str, str] | None = None) -> Launched:
    """Start a program."""
    started = await worker.do(Launch(argv=argv, cwd=cwd, env=env or {}))
    assert isinstance(started, Launched)
    return started


class Ran:
    """What a command did, all events together."""

    def __init__(self, events: list[Output | Exit]) -> None:
        self.events = [event for event in events if isinstance(event, Output)]
        self.text = "".join(event.text for event in self.events)
        last = events[-1]
        assert isinstance(last, Exit)
        self.exit = last
        self.code = last.code

    def of(self, stream: str) -> str:
        """What came of one stream."""
        return "".join(event.text for event in self.events if event.stream == stream)


async def run(
    worker: Worker,
    command: str,
    *,
    session: str = "main",
    timeout_ms: int = 60_000,
    restart: bool = False,
    max_output: int = 1_000_000,
    **how: Any,
) -> Ran:
    """Run a command to its end."""
    request = Shell(
        id="test-0001",
        command=command,
        session=session,
        timeout_ms=timeout_ms,
        restart=restart,
        max_output=max_output,
        **how,
    )
    return Ran([event async for event in worker.shell(request)])
