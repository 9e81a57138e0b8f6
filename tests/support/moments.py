"""A clock that moves when somebody sleeps, for all who sleep at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from harness.model.throttle import Throttle


@dataclass
class Moments:
    """`chance` is what is drawn for jitter, from 0 to 1."""

    passed: float = 100.0
    slept: list[float] = field(default_factory=list)
    chance: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let others run, then so much time has passed."""
        self.slept.append(seconds)
        until = self.passed + seconds
        await asyncio.sleep(0)
        self.passed = max(self.passed, until)

    def throttle(self) -> Throttle:
        """A throttle that lives by this clock."""
        return Throttle(clock=lambda: self.passed, sleep=self.sleep, random=lambda: self.chance)
