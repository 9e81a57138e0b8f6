"""When to ask, and when to ask again: one policy for every run of the process.

What the API says of its limits is heeded before it refuses: where nothing is left, everybody waits for more. A refusal
that passes is waited out, as long as the API says or longer each time, with jitter so that runs do not come back
together. When the API is overloaded several times in a row nobody asks for a while, then one does for all.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias, TypeVar

from harness.errors import CutShort, Unavailable

T = TypeVar("T")
ATTEMPTS = 8
"""How often one question is asked at most."""
FIRST_S, LONGEST_S = 0.5, 60.0
"""The first wait, doubled each time, and the longest; an answer that asks for more than that is a failure."""
JITTER = 0.25
OVERLOADED = "overloaded"
ROW = 5
"""Overloads in a row, of all runs, after which nobody asks."""
PAUSE_S = 30.0
LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
"""What `anthropic-ratelimit-*` headers count."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why nothing happens for so many seconds."""

    seconds: float
    reason: str


Tell: TypeAlias = Callable[[Waiting], None]


@dataclass(slots=True)
class Throttle:
    """Shared by all who ask the same API with the same key."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random
    _until: float = 0.0  # nobody asks before
    _reason: str = ""
    _overloads: int = 0
    _probing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, question: Callable[[], Awaitable[T]], tell: Tell) -> T:
        """Ask until there is an answer. Raises what cannot be mended by asking again, or no longer."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._once(question, tell)
            except (Unavailable, CutShort) as error:
                wait = self._after(error, attempt)
                if wait is None:
                    raise
                await self._wait(wait, str(error), tell)
        raise AssertionError("the last attempt raised or answered")

    async def _once(self, question: Callable[[], Awaitable[T]], tell: Tell) -> T:
        await self._gate(tell)
        if self._overloads < ROW:
            return await self._counted(question)
        async with self._probing:  # one asks for all
            await self._gate(tell)
            return await self._counted(question)

    async def _counted(self, question: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await question()
        except Unavailable as error:
            if error.kind == OVERLOADED:
                self._overloads += 1
                if self._overloads >= ROW:
                    self._hold(self.clock() + PAUSE_S, "the API is overloaded")
            raise
        self._overloads = 0
        return answer

    def heed(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer says of the limits."""
        for name in LIMITS:
            left, reset = (headers.get(f"anthropic-ratelimit-{name}-{what}") for what in ("remaining", "reset"))
            if left == "0" and reset and (seconds := _between(headers.get("date"), reset)) > 0:
                self._hold(self.clock() + min(seconds, LONGEST_S), f"rate limit: no {name.replace('-', ' ')} left")

    def _hold(self, until: float, reason: str) -> None:
        if until > self._until:
            self._until, self._reason = until, reason

    async def _gate(self, tell: Tell) -> None:
        while (seconds := self._until - self.clock()) > 0:
            await self._wait(seconds, self._reason, tell)

    async def _wait(self, seconds: float, reason: str, tell: Tell) -> None:
        tell(Waiting(seconds, reason))
        await self.sleep(seconds)

    def _after(self, error: Unavailable | CutShort, attempt: int) -> float | None:
        """Seconds until the next attempt; None where there is none."""
        if attempt + 1 >= ATTEMPTS or (isinstance(error, Unavailable) and not error.again):
            return None
        asked = error.after if isinstance(error, Unavailable) else None
        if asked is not None:
            return asked if asked <= LONGEST_S else None
        longer: float = min(FIRST_S * 2**attempt, LONGEST_S)
        return longer * (1 - JITTER * self.random())


def _between(date: str | None, moment: str) -> float:
    """Seconds from an answer's own date to a moment it tells, since our clock may be wrong; 0 where one is missing."""
    try:
        return (datetime.fromisoformat(moment) - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return 0.0
