"""One task for a model at a desktop: joins the loop with its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pydantic import JsonValue

from harness.agent.approvals import Approvals, Ask, Rule
from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Outcome, Stopped
from harness.agent.prompt import system
from harness.agent.secrets import Secrets
from harness.agent.telling import Telling
from harness.events import Emit, masked
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.catalog import Effort
from harness.model.opening import named, opened
from harness.model.throttle import Throttle
from harness.model.transcript import Transcript
from harness.tools.bash import NAME as BASH
from harness.tools.bash import Bash
from harness.tools.computer import Computer
from harness.tools.custom import FunctionTool
from harness.tools.editor import NAMES as EDITORS
from harness.tools.editor import Editor
from harness.tools.human import DEFINITION as HUMAN
from harness.tools.human import NAME as ASK_HUMAN
from harness.tools.human import Human, Reply
from harness.tools.toolbox import Tool, Toolbox
from sandbox_image.wire import Region

if TYPE_CHECKING:
    from harness.model.turn import Model
    from harness.sandbox.desktop import Desktop

MODEL = "claude-sonnet-5-5"
THROTTLE = Throttle()
"""One for all runs of the process."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is to do, and within which bounds."""

    text: str
    model: str = MODEL
    effort: Effort | None = None
    limits: Limits = field(default_factory=Limits)
    more: str = ""  # of the system prompt
    form: JsonValue = None  # a JSON schema that the result has to fit
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    rules: Sequence[Rule] = ()  # what needs approval
    tools: Sequence[Callable[..., object]] = ()  # functions of one's own
    one_action: bool = False  # one call a turn


@dataclass(frozen=True, slots=True)
class People:
    """Who can be asked; nobody, unless somebody says so."""

    reply: Reply | None = None  # answers questions
    approve: Ask | None = None  # approves calls


Open: TypeAlias = "Callable[[Telling], Model]"
"""Opens a model whose answers are told while they come."""


async def run_task(
    task: Task, desktop: Desktop, emit: Emit, *, people: People | None = None, open_model: Open | None = None
) -> Outcome:
    """Do a task at a desktop, and tell all of it as events.

    What ends it is its outcome, whatever that is; but a UsageError is raised for what is not there before anything is
    asked, such as a key. Cancelling tells that it was stopped, and goes on as a cancellation.
    """
    loop = _joined(task, desktop, masked(emit, tuple(task.secrets.values())), people or People(), open_model)
    loop.telling.began(task.text, task.model, desktop.screen)
    try:
        outcome = await loop.run()
    except asyncio.CancelledError:
        loop.telling.ended(Stopped(), loop.spent)
        raise
    loop.telling.ended(outcome, loop.spent)
    return outcome


def _joined(task: Task, desktop: Desktop, emit: Emit, people: People, open_model: Open | None) -> Loop:
    model, screen = named(task.model), desktop.screen
    entry, secrets = model.entry, Secrets(task.secrets)
    shown = fit_model(screen, entry.limits)
    view = Viewport(region=Region(x=0, y=0, width=screen.width, height=screen.height), shown=shown)
    telling = Telling(emit, view)
    own = [FunctionTool(function) for function in task.tools]
    asking = Asking(
        model=model.name,
        entry=entry,
        system=system(shown, tuple(task.secrets), task.more),
        screen=screen,
        effort=task.effort,
        tools=(HUMAN, *(tool.definition for tool in own)),
        form=task.form,
        one_action=task.one_action,
    )
    others: dict[str, Tool] = {
        BASH: Bash(desktop),
        EDITORS[entry.editor]: Editor(desktop),
        ASK_HUMAN: Human(people.reply),
        **{tool.name: tool for tool in own},
    }
    toolbox = Toolbox(
        Computer(desktop, view, reveal=secrets.reveal),
        others,
        refusal=Approvals(task.rules, people.approve).refusal,
        redact=secrets.redact,
    )
    transcript = Transcript()
    transcript.say(text(task.text))
    opens = open_model or (lambda told: opened(model, THROTTLE, waits=told.waiting, hears=told.hear))
    return Loop(opens(telling), asking, toolbox, transcript, task.limits, Spent(entry.price), telling)
