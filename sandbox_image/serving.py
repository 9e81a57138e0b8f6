"""Uvicorn, on a listening socket that somebody else opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from sandbox_image.wire import MAX_REQUEST_BYTES

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp
    from uvicorn.server import ServerState

_KEEP_ALIVE = 3600  # seconds; opening a connection costs the host an exec, an idle one costs nothing
_BACKLOG = 128


def _web_socket(config: uvicorn.Config, server_state: ServerState, app_state: dict[str, object]) -> asyncio.Protocol:
    """A connection that becomes a WebSocket. Loaded with the first one: most servers never have any."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol  # noqa: PLC0415 - see above

    return WebSocketsSansIOProtocol(config, server_state, app_state)


class Server(uvicorn.Server):
    """HTTP/1.1 over an app; calls `started` once requests are answered."""

    def __init__(self, app: ASGIApp, *, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws=_web_socket,  # type: ignore[arg-type] # what makes one serves as well
                ws_max_size=MAX_REQUEST_BYTES,
                ws_per_message_deflate=False,
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=1,
            )
        )
        self._on_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then say so."""
        await super().startup(sockets)
        self._on_started()
