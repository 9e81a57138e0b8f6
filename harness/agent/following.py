"""A task under way: its events as they come, its outcome, and an end from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from harness.agent.control import Control
from harness.agent.task import People, Task, run_task

if TYPE_CHECKING:
    from harness.agent.outcome import Outcome
    from harness.events import Event
    from harness.model.reach import Reach
    from harness.model.turn import Model
    from harness.sandbox.desktop import Desktop


class TaskRun:
    """One task that is being done. Read `events` or not: it goes on all the same."""

    def __init__(self, work: asyncio.Task[Outcome], events: asyncio.Queue[Event | None], control: Control) -> None:
        self._work = work
        self._events = events
        self._control = control

    async def events(self) -> AsyncIterator[Event]:
        """Each event once, those since the beginning first; ends with the task."""
        while not (self._work.done() and self._events.empty()) and (event := await self._events.get()):
            yield event

    async def outcome(self) -> Outcome:
        """How it ended, once it has. Raises UsageError where it could not begin, as without a key."""
        return await asyncio.shield(self._work)

    def stop(self, why: str = "stopped") -> None:
        """End it: what is at work is cancelled, and it has an outcome."""
        self._control.stop(why)


@asynccontextmanager
async def start_task(
    task: Task | str,
    desktop: Desktop,
    *,
    people: People | None = None,
    reach: Reach | None = None,
    model: Model | None = None,
) -> AsyncIterator[TaskRun]:
    """Begin a task; where the block is left before it has ended, it is stopped."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    control = Control()
    work = asyncio.create_task(
        run_task(task, desktop, events.put_nowait, people=people, control=control, reach=reach, model=model)
    )
    work.add_done_callback(lambda _: events.put_nowait(None))
    try:
        yield TaskRun(work, events, control)
    finally:
        control.stop("nobody waits for it any more")
        await asyncio.wait((work,))
        if not work.cancelled():
            work.exception()  # whoever wants it asks for the outcome
