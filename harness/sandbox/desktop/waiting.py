"""Waiting for the screen."""

from __future__ import annotations

from harness.sandbox.desktop.requests import GRACE, Area, Requests, area, ms, sendable
from sandbox_image.wire import Effect, WaitChange, Waited, WaitingAction, WaitStill


class Waiting(Requests):
    """What can be waited for on the screen. The sandbox does the waiting, and stirs only when something is drawn."""

    async def wait_for_change(
        self,
        region: Area | None = None,
        *,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting
    ) -> Effect:
        """Wait until a pixel of the screen, or of a region, changes; what changed, in screen pixels.

        A caret that blinks is a change: where one may be, name a region without it. Raises DeadlinePassed after
        `timeout` seconds, NotOnScreen.
        """
        with sendable():
            action = WaitChange(region=area(region), timeout_ms=ms(timeout, 0))
        return await self._waited(action, timeout)

    async def wait_for_still(
        self,
        region: Area | None = None,
        *,
        quiet: float = 0.2,
        timeout: float = 40.0,  # noqa: ASYNC109 - the same
    ) -> Effect:
        """Wait until the screen, or a region, keeps its pixels for `quiet` seconds; what changed up to then.

        A caret that blinks does not count. Raises DeadlinePassed after `timeout` seconds, NotOnScreen.
        """
        with sendable():
            action = WaitStill(region=area(region), quiet_ms=ms(quiet), timeout_ms=ms(timeout, 0))
        return await self._waited(action, timeout)

    async def _waited(self, action: WaitingAction, seconds: float) -> Effect:
        return (await self._one(action, Waited, deadline=seconds + GRACE)).effect
