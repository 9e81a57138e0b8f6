"""Tasks for code that blocks: `run_task` and `start_task` of `harness.agent`, waited for.

    from harness.agent.sync_api import run_task
    from harness.sync_api import sandbox

    with sandbox() as desktop:
        outcome = run_task("Open the editor, write a shopping list, save it as list.txt", desktop)

What is given to be called back is called in another thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness import agent
from harness.agent.task import silent
from harness.sync_api import parts

if TYPE_CHECKING:
    from harness.events import Emit, Event
    from harness.model.reach import Reach
    from harness.model.turn import Model
    from harness.portal import Portal
    from harness.sync_api import Desktop

__all__ = ["TaskRun", "run_task", "start_task"]


def run_task(
    task: agent.Task | str,
    desktop: Desktop,
    emit: Emit = silent,
    *,
    people: agent.People | None = None,
    control: agent.Control | None = None,
    reach: Reach | None = None,
    model: Model | None = None,
) -> agent.Outcome:
    """Do a task at a desktop, as `harness.agent.run_task` does. Ctrl-C ends it and goes on as KeyboardInterrupt."""
    portal, inner = parts(desktop)
    return portal.call(agent.run_task(task, inner, emit, people=people, control=control, reach=reach, model=model))


class TaskRun:
    """One task that is being done. Read `events` or not: it goes on all the same."""

    def __init__(self, portal: Portal, run: agent.TaskRun) -> None:
        self._portal = portal
        self._run = run

    def events(self) -> Iterator[Event]:
        """Each event once, those since the beginning first; ends with the task."""
        return self._portal.iterate(self._run.events())

    def outcome(self) -> agent.Outcome:
        """How it ended, once it has. Raises UsageError where it could not begin, as without a key."""
        return self._portal.call(self._run.outcome())

    def stop(self, why: str = "stopped") -> None:
        """End it: what is at work is cancelled, and it has an outcome."""
        self._portal.post(lambda: self._run.stop(why))


@contextmanager
def start_task(
    task: agent.Task | str,
    desktop: Desktop,
    *,
    people: agent.People | None = None,
    reach: Reach | None = None,
    model: Model | None = None,
) -> Iterator[TaskRun]:
    """Begin a task; where the block is left before it has ended, it is stopped."""
    portal, inner = parts(desktop)
    with portal.entered(agent.start_task(task, inner, people=people, reach=reach, model=model)) as run:
        yield TaskRun(portal, run)
