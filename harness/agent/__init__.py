"""A model that does a task at a desktop.

import harness
from harness.agent import run_task

async with harness.sandbox() as desktop:
outcome = await run_task("Open the editor, write a shopping list, save it as list.txt", desktop)
"""

from harness.agent.approvals import Rule
from harness.agent.control import Control
from harness.agent.following import TaskRun, start_task
from harness.agent.limits import Limits
from harness.agent.outcome import Failed, Finished, LimitReached, Outcome, Refused, Stopped, Stuck
from harness.agent.task import People, Task, run_task

__all__ = [
    "Control",
    "Failed",
    "Finished",
    "LimitReached",
    "Limits",
    "Outcome",
    "People",
    "Refused",
    "Rule",
    "Stopped",
    "Stuck",
    "Task",
    "TaskRun",
    "run_task",
    "start_task",
]
