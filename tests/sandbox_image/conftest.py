"""One X server with a window manager for each test process, and the dispatch over it.

What needs python-xlib's X server is imported in the fixtures: the host ring loads this file as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox_image.worker_link import Worker
    from tests.support.hands import Hands
    from tests.support.xserver import Target, Terminal


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of its own for a worker, which is never root."""
    from tests.support.guest_worker import fresh_home  # noqa: PLC0415 - see above

    with fresh_home() as folder:
        yield folder


@pytest.fixture
async def worker(home: Path) -> AsyncIterator[Worker]:
    """A worker process, and the server's end of it."""
    from tests.support.guest_worker import running_worker  # noqa: PLC0415 - see above

    async with running_worker(home) as link:
        yield link


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of an X server that openbox serves: a window from before would not get the focus."""
    from tests.support.xserver import await_manager, running, x_server  # noqa: PLC0415 - see above

    with x_server() as (name, _), running("openbox", display=name):
        await_manager(name)
        yield name


@pytest.fixture
async def hands(display: str) -> AsyncIterator[Hands]:
    from sandbox_image.dispatch import Dispatch  # noqa: PLC0415 - see above
    from tests.support.hands import Hands, NoWorker  # noqa: PLC0415 - see above

    worker = NoWorker()
    dispatch = Dispatch(worker)
    dispatch.attach(display)
    await dispatch.ready(panel_s=0)
    yield Hands(dispatch, worker, display)
    dispatch.detach()


@pytest.fixture
def target(display: str) -> Iterator[Target]:
    """A window that notes its input, in the foreground."""
    from tests.support.xserver import Target  # noqa: PLC0415 - see above

    window = Target(display).show()
    yield window
    window.close()


@pytest.fixture
def new_target(display: str) -> Iterator[Callable[[str], Target]]:
    """Makes windows that are not shown yet."""
    from tests.support.xserver import Target  # noqa: PLC0415 - see above

    made: list[Target] = []

    def make(title: str) -> Target:
        made.append(Target(display, title=title))
        return made[-1]

    yield make
    for window in made:
        window.close()


@pytest.fixture
def terminal(display: str, tmp_path: Path) -> Iterator[Terminal]:
    """An xterm in the foreground whose input the test reads."""
    from tests.support.xserver import Terminal, running  # noqa: PLC0415 - see above

    terminal = Terminal(tmp_path)
    with running(*terminal.command, display=display) as xterm:
        yield terminal.open(display, xterm.pid)
        terminal.close()
