"""One WebSocket to `/events` of a sandbox: the only importer of its library."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from urllib.parse import quote

from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import CloseCode

from harness.errors import WireMismatch
from sandbox_image.wire import Listen, encode

NEXT = "next"


class Dropped(Exception):
    """The line broke, or nobody answers at its other end."""


class Denied(Exception):
    """The sandbox answered with an HTTP status and a body instead."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"answered with status {status}")
        self.status = status
        self.body = body


async def listen(
    path: str, request: Listen, headers: Mapping[str, str], *, seconds: float, limit: int
) -> AsyncGenerator[bytes]:
    """Each message as it comes; the next one is asked for when the one before was dealt with.

    `seconds` without an answer to the first word or to a ping end it with Dropped, a message of more than `limit`
    bytes with WireMismatch.
    """
    try:
        async with unix_connect(
            path,
            f"ws://sandbox/events?listen={quote(encode(request))}",
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=seconds,
            ping_timeout=seconds,
            max_size=limit,
            user_agent_header=None,
        ) as socket:
            async for message in socket:
                yield message if isinstance(message, bytes) else message.encode()
                await socket.send(NEXT)
    except InvalidStatus as error:
        raise Denied(error.response.status_code, bytes(error.response.body or b"")) from None
    except ConnectionClosed as error:
        if error.sent and error.sent.code == CloseCode.MESSAGE_TOO_BIG:
            raise WireMismatch(f"/events sent more than {limit} bytes at once") from None
        raise Dropped(repr(error)) from None
    except (OSError, EOFError, InvalidHandshake) as error:  # TimeoutError is an OSError
        raise Dropped(repr(error)) from None
