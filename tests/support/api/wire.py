"""HTTP on a loopback port, whose connections can be cut after any byte of a reply."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

    from tests.support.api.playing import Cut

PATIENCE_S = 1.0  # how long what is under way may take to see that the server ends


class Wire:
    """One connection: counts what is written, and ends it where it is to be cut."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written = 0
        self.lost = asyncio.Event()
        self._cut: Cut | None = None

    def begin(self, cut: Cut | None) -> None:
        """Count from here."""
        self.written, self._cut = 0, cut

    def write(self, data: bytes) -> None:
        """Pass the data on as far as they may go."""
        if self._cut is not None and self.written + len(data) > self._cut.after:
            self._transport.write(data[: max(self._cut.after - self.written, 0)])
            self.written = self._cut.after
            end = self._transport.abort if self._cut.reset else self._transport.close
            end()
            return
        self.written += len(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@dataclass
class Wires:
    """The connections of a server, by the address at the other end."""

    open: dict[Any, Wire] = field(default_factory=dict)

    def of(self, scope: Scope) -> Wire:
        """The connection a request came on."""
        return self.open[tuple(scope["client"])]


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 on one connection, over a wire."""

    def __init__(self, wires: Wires, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config, state, app_state={})
        self._wires = wires

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        wire = self._wires.open[transport.get_extra_info("peername")[:2]] = Wire(transport)
        super().connection_made(cast("asyncio.Transport", wire))
        self._wire = wire

    def connection_lost(self, exc: Exception | None) -> None:
        self._wire.lost.set()
        super().connection_lost(exc)


@dataclass
class Listener:
    """A server on a port that stays the same while it is away. What is under way ends when it does."""

    app: ASGIApp
    wires: Wires = field(default_factory=Wires)
    port: int = 0
    _state: ServerState = field(default_factory=ServerState)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError if the port was taken meanwhile."""
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind(("127.0.0.1", self.port))
        self.port = end.getsockname()[1]
        config = uvicorn.Config(
            self.app, ws="none", lifespan="off", log_config=None, access_log=False, timeout_keep_alive=3600
        )
        config.load()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Protocol(self.wires, config, self._state), sock=end)

    async def stop(self) -> None:
        """End all connections and listen no more."""
        if self._server is not None:
            self._server.close()
            for wire in self.wires.open.values():
                wire.close()
            if tasks := set(self._state.tasks):
                _, late = await asyncio.wait(tasks, timeout=PATIENCE_S)
                for task in late:
                    task.cancel()
            await self._server.wait_closed()
            self._server = None

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Refuse connections for as long as the block runs."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()


def refusing() -> str:
    """An address where connections are refused."""
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{end.getsockname()[1]}"
