"""Health, lease and cancelling."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import Message, RequestId
from sandbox_image.wire.geometry import Size


class Health(Message):
    """Who answers: enough to know that it is the right server and what it drives."""

    kind: Literal["health"] = "health"
    boot: str  # new with each start of the server
    wire: str  # fingerprint of this file
    screen: Size
    lease_s: float  # seconds until the sandbox ends unless the lease is renewed


class Lease(Message):
    """Keep the sandbox for so many seconds from now; a later one replaces an earlier one."""

    kind: Literal["lease"] = "lease"
    seconds: float = Field(gt=0, le=86_400)


class Cancel(Message):
    """End a request that is running: it releases what it holds and answers `cancelled`."""

    kind: Literal["cancel"] = "cancel"
    id: RequestId


class Ok(Message):
    """It happened."""

    kind: Literal["ok"] = "ok"
