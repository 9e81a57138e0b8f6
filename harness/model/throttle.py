"""When to ask, and when to ask again: one policy for every run of the process.

What the API says of its limits is heeded before it refuses. A refusal that passes is waited out, as long as the API
says or longer each time, with jitter so that runs do not come back together. While the API is overloaded nobody asks
for a while, then one does for all. Every wait is told before it begins.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from harness.errors import CutShort, Unavailable
from harness.model.breaker import Breaker
from harness.model.quota import Quota

T = TypeVar("T")
ATTEMPTS = 8
"""How often one question fails at most; refusals while the API is overloaded do not count."""
PATIENCE_S = 900.0
"""How long one question waits out an overload."""
FIRST_S, LONGEST_S = 0.5, 60.0
"""The first wait, doubled each time, and the longest."""
CEILING_S = 300.0
"""The longest wait that the API may ask for; more is a failure."""
JITTER = 0.25
OVERLOADED, RATE_LIMIT = "overloaded", "rate limit"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why nothing happens for so many seconds; with none, something to know that holds nothing up."""

    seconds: float
    reason: str
    kind: str = ""  # of the trouble: rate limit, overloaded, timeout, connection, status 500, cut short


Tell: TypeAlias = Callable[[Waiting], None]


@dataclass(slots=True)
class Throttle:
    """Shared by all who ask the same model of the same API with the same key, in any thread and event loop."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random
    _quota: Quota = field(default_factory=Quota)
    _breaker: Breaker = field(init=False)
    _held: Waiting | None = None
    _until: float = 0.0  # nobody asks before
    _lock: threading.Lock = field(default_factory=threading.Lock)  # held for a few lines, never across a wait

    def __post_init__(self) -> None:
        self._breaker = Breaker(self.clock)

    async def ask(
        self, question: Callable[[], Awaitable[T]], tell: Tell, *, tokens: int = 0, patient: bool = True
    ) -> T:
        """Ask until there is an answer. Raises what cannot be mended by asking again, or no longer.

        `tokens` is about what the question takes of the limits. One who is not patient does not wait while the API is
        overloaded: that is raised as Unavailable.
        """
        failed, began = 0, self.clock()
        while True:
            probe = await self._admitted(tell, tokens, began + (PATIENCE_S if patient else 0.0))
            try:
                return await self._watched(question, probe=probe)
            except (Unavailable, CutShort) as error:
                if _kind(error) == OVERLOADED and self._breaker.open and _passes(error):
                    continue  # the breaker says when to come again
                failed += 1
                if failed >= ATTEMPTS or not _passes(error):
                    raise _final(error) from None
                await self._wait(self._after(error, failed), str(error), _kind(error), tell)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Take in what any answer says of the limits."""
        with self._lock:
            self._quota.heed(headers, self.clock())

    def answered(self) -> None:
        """The API has begun to answer: it is not overloaded."""
        with self._lock:
            self._breaker.answered()

    async def _admitted(self, tell: Tell, tokens: int, latest: float) -> bool:
        """Wait until it is one's turn to ask; whether for all."""
        while True:
            with self._lock:
                wait = self._ahead(tokens)
                if wait is None:
                    self._quota.take(tokens, self.clock())
                    return self._breaker.enter()
            if wait.kind == OVERLOADED and self.clock() >= latest:
                raise Unavailable(OVERLOADED, "overloaded: the API takes no requests", again=False)
            await self._wait(self._later(wait.seconds), wait.reason, wait.kind, tell)

    def _ahead(self, tokens: int) -> Waiting | None:
        """What keeps a question of so many tokens from being asked now."""
        now = self.clock()
        if self._held and self._until > now:
            return Waiting(self._until - now, self._held.reason, self._held.kind)
        if (seconds := self._breaker.wait()) > 0:
            return Waiting(seconds, "overloaded: nobody asks the API until it answers again", OVERLOADED)
        seconds, kind = self._quota.wait(tokens, now)
        return Waiting(min(seconds, LONGEST_S), f"rate limit: too few {kind} left", RATE_LIMIT) if seconds > 0 else None

    async def _watched(self, question: Callable[[], Awaitable[T]], *, probe: bool) -> T:
        """The answer; what became of the question decides whether others ask."""
        try:
            answer = await question()
        except Unavailable as error:
            with self._lock:
                self._learned(error, probe=probe)
            raise
        except BaseException:  # also one who is cancelled
            with self._lock:
                self._breaker.left(probe=probe)
            raise
        with self._lock:
            if probe or not self._breaker.open:  # what was asked before an overload tells nothing of it
                self._breaker.answered()
        return answer

    def _learned(self, error: Unavailable, *, probe: bool) -> None:
        if error.kind == OVERLOADED:
            self._breaker.overloaded(error.after or 0.0, probe=probe)
            return
        self._breaker.left(probe=probe)
        until = self.clock() + (error.after or 0.0)
        if error.kind == RATE_LIMIT and _passes(error) and until > self._until:  # the limit is one for all
            self._until, self._held = until, Waiting(error.after or 0.0, str(error), RATE_LIMIT)

    async def _wait(self, seconds: float, reason: str, kind: str, tell: Tell) -> None:
        if seconds > 0:
            tell(Waiting(seconds, reason, kind))
            await self.sleep(seconds)

    def _after(self, error: Unavailable | CutShort, failed: int) -> float:
        """Seconds until the next attempt."""
        if isinstance(error, Unavailable) and error.after is not None:
            return self._later(error.after)
        longer: float = min(FIRST_S * 2 ** (failed - 1), LONGEST_S)
        return longer * (1 - JITTER * self.random())

    def _later(self, seconds: float) -> float:
        """As long as was asked for, or a little longer: those who wait for the same do not come at once."""
        return seconds * (1 + JITTER * self.random())


def _kind(error: Unavailable | CutShort) -> str:
    return error.kind if isinstance(error, Unavailable) else "cut short"


def _passes(error: Unavailable | CutShort) -> bool:
    """Whether it is worth asking again."""
    return isinstance(error, CutShort) or (error.again and (error.after or 0.0) <= CEILING_S)


def _final(error: Unavailable | CutShort) -> Unavailable | CutShort:
    """The error that ends it; one that asks for too long a wait says so."""
    if isinstance(error, CutShort) or (error.after or 0.0) <= CEILING_S:
        return error
    told = f"{error}; the API asks to wait {error.after:.0f} s, and {CEILING_S:.0f} s are waited at most"
    return Unavailable(error.kind, told, after=error.after, again=False)


_shared: dict[str, Throttle] = {}
_sharing = threading.Lock()


def shared(name: str) -> Throttle:
    """The one throttle of the process for this name, which stands for an API, a key and a model."""
    with _sharing:
        return _shared.setdefault(name, Throttle())
