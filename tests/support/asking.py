"""Asking the desktop in memory at the level of the wire."""

from __future__ import annotations

from harness.testing import FakeGuest
from sandbox_image.wire import Action, ErrorCode, Perform, Reply, Settle, Size

SCREEN = Size(width=640, height=480)


async def done(guest: FakeGuest, *actions: Action, deadline_ms: int = 20_000) -> Reply:
    """What comes back for these actions."""
    request = Perform(id="12345678", actions=actions, deadline_ms=deadline_ms, settle=Settle())
    return (await guest.perform(request)).reply


def code(reply: Reply) -> ErrorCode | None:
    """Why it failed, if it did."""
    return reply.failure.code if reply.failure else None
