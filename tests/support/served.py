"""The real routes on a real Unix socket in the test's own event loop, over whatever guest a test brings."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from sandbox_image.routes import create_app
from sandbox_image.serving import Server
from sandbox_image.wire import Action, Guest, Perform, Picture, Settle, Size

SCREEN = Size(width=320, height=240)


@dataclass
class FixedLease:
    """A lease that only remembers what it was told."""

    seconds: float = 60.0

    def renew(self, seconds: float) -> None:
        self.seconds = seconds

    def left(self) -> float:
        return self.seconds


@dataclass
class Gate:
    """Holds actions back until it is opened; tells when one has come, and whether one was cancelled."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False

    async def __call__(self, _: Action) -> None:
        self.came.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@dataclass
class Readiness:
    """A desktop that is ready once the event is set."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Size:
        await self.event.wait()
        return SCREEN


async def ready_at_once() -> Size:
    return SCREEN


@asynccontextmanager
async def listening(path: Path, app: object) -> AsyncIterator[None]:
    """Serve an ASGI app on a Unix socket, as the sandbox does."""
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))
        server = Server(app, started=lambda: None)  # type: ignore[arg-type] # some tests bring a bare function
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup([end])
        try:
            yield
        finally:
            await server.shutdown([end])
            await asyncio.to_thread(path.unlink)


@asynccontextmanager
async def served(
    guest: Guest, path: Path, *, boot: str = "boot-1", lease: FixedLease | None = None, ready: Readiness | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A plain HTTP client to the server over a guest."""
    app = create_app(guest, boot=boot, ready=ready or ready_at_once, lease=lease or FixedLease())
    async with listening(path, app), plain(path) as http:
        yield http


def plain(path: Path) -> httpx.AsyncClient:
    """An HTTP client that knows nothing of the wire."""
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://s", timeout=30)


def perform(
    *actions: Action, deadline_ms: int = 20_000, settle: Settle | None = None, picture: Picture | None = None
) -> Perform:
    """A request with an id of its own."""
    return Perform(id=uuid4().hex, deadline_ms=deadline_ms, actions=actions, settle=settle, picture=picture)
