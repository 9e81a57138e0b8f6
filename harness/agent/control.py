"""What a person may do to a run while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from harness.agent.limits import Limits, Spent
from harness.agent.outcome import Outcome, Stopped

_LEAST = 0.1
"""Seconds between two looks at a clock that stands still."""


class Control:
    """Ends a run from outside: what is at work then is cancelled and answered as such, and there is an outcome."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()
        self._why = ""

    @property
    def stopped(self) -> bool:
        """Whether somebody said so."""
        return self._stopped.is_set()

    def stop(self, why: str = "stopped") -> None:
        """End the run; `why` is in its outcome."""
        if not self.stopped:
            self._why = why
            self._stopped.set()

    async def over(self, run: Coroutine[Any, Any, Outcome], spent: Spent, limits: Limits) -> Outcome:
        """A run's own outcome, or that somebody stopped it, or that its time is over: whatever is first."""
        work = asyncio.create_task(run)
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            while not work.done():
                if ended := self._ended(spent, limits):
                    await _cancelled(work)
                    return ended
                await asyncio.wait((work, stopped), timeout=_left(spent, limits), return_when="FIRST_COMPLETED")
            return work.result()
        finally:
            stopped.cancel()
            await _cancelled(work)

    def _ended(self, spent: Spent, limits: Limits) -> Outcome | None:
        return Stopped(self._why) if self.stopped else spent.out_of_time(limits)


def _left(spent: Spent, limits: Limits) -> float | None:
    return None if limits.seconds is None else max(limits.seconds - spent.seconds, _LEAST)


async def _cancelled(work: asyncio.Task[Outcome]) -> None:
    """End it and wait for that; what it has to say then counts no more."""
    work.cancel()
    await asyncio.wait((work,))
    if not work.cancelled():
        work.exception()
