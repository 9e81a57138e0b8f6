"""A session on the X server with an accessibility bus, a connection to it, and programs.

What needs the image is imported in the fixtures: the host ring loads this file as well.
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox_image.accessibility.bus import Bus
    from tests.support.accessible import TellingProgram


@pytest.fixture(scope="session")
def accessible(display: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a session with an accessibility bus."""
    from tests.support.accessible import session  # noqa: PLC0415 - see above

    with session(display, tmp_path_factory.mktemp("session")) as environment:
        yield environment


@pytest.fixture
async def bus(accessible: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bus]:
    """A connection to the accessibility bus."""
    from sandbox_image.accessibility.bus import Bus  # noqa: PLC0415 - see above

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", accessible["DBUS_SESSION_BUS_ADDRESS"])
    bus = await Bus.connect()
    yield bus
    bus.close()


@pytest.fixture
async def teller(bus: Bus) -> AsyncIterator[TellingProgram]:  # noqa: ARG001 - it sets where the session is
    """A program on the bus that tells what a test wants."""
    from tests.support.accessible import TellingProgram  # noqa: PLC0415 - see above

    program = await TellingProgram.start()
    yield program
    program.close()


@pytest.fixture
def start(accessible: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs in the session; they end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*command: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(command, env=accessible, stdout=quiet, stderr=quiet))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
