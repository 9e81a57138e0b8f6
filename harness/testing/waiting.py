"""Waiting for the fake screen, which changes only when an action or a test changes it."""

from __future__ import annotations

import asyncio
import time
from typing import assert_never

from PIL import Image

from harness.testing.eyes import compare, crop, moved
from harness.testing.held import Held
from harness.testing.screen import FakeScreen
from sandbox_image.wire import (
    Effect,
    ErrorCode,
    Refused,
    Region,
    Settle,
    WaitChange,
    Waited,
    WaitingAction,
    WaitStill,
)


class FakeWaiting:
    """Waits on the screen; what does not come is refused at once, unless the guest is patient."""

    def __init__(self, screen: FakeScreen, held: Held, *, patient: bool) -> None:
        self._screen = screen
        self._held = held
        self.patient = patient

    async def do(self, action: WaitingAction) -> Waited:
        """One action of this room."""
        if action.region:
            self._screen.check(action.region)
        async with self._held.during(action):
            match action:
                case WaitChange():
                    return Waited(effect=await self._change(action))
                case WaitStill() if action.quiet_ms > action.timeout_ms:
                    raise Refused(ErrorCode.DEADLINE, f"the screen was not still within {action.timeout_ms} ms")
                case WaitStill():
                    return Waited(effect=_nothing(action.quiet_ms))
                case _:
                    assert_never(action)

    async def _change(self, action: WaitChange) -> Effect:
        region = action.region or self._screen.whole
        started, before = time.monotonic(), self._seen(region)
        if action.since not in {None, self._screen.token(region)}:
            return Effect(changed=True, box=region, share=1.0, still=False, waited_ms=0)
        try:
            async with asyncio.timeout(action.timeout_ms / 1000 if self.patient else 0):
                while self._seen(region) == before:
                    await self._screen.news.wait()
        except TimeoutError:
            raise Refused(ErrorCode.DEADLINE, f"nothing changed within {action.timeout_ms} ms") from None
        return _told(compare(before, self._seen(region), Settle()), region, started)

    def _seen(self, region: Region) -> Image.Image:
        return crop(self._screen.render(), region)


def _nothing(quiet_ms: int) -> Effect:
    return Effect(changed=False, box=None, share=0.0, still=True, waited_ms=quiet_ms)


def _told(effect: Effect, region: Region, started: float) -> Effect:
    """The effect on a part of the screen, in pixels of the screen."""
    box = moved(effect.box, region) if effect.box else None
    waited_ms = (time.monotonic() - started) * 1000
    return effect.model_copy(update={"box": box, "still": False, "waited_ms": waited_ms})
