"""One task for a model at a desktop: joins the loop with its parts."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from harness.agent.approvals import Approvals, Rule
from harness.agent.control import Control
from harness.agent.form import Given, form
from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Failed, Outcome, Stopped
from harness.agent.prompt import system
from harness.agent.secrets import Secrets
from harness.agent.telling import Telling
from harness.errors import HarnessError, UsageError
from harness.events import Emit, masked
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.catalog import Effort, Price
from harness.model.opening import Around, Reached, at_hand, checked, plain, reached
from harness.model.throttle import Waiting
from harness.model.transcript import Transcript
from harness.model.turn import Usage
from harness.tools.bash import NAME as BASH
from harness.tools.bash import Bash
from harness.tools.computer import TOOL, Computer
from harness.tools.custom import FunctionTool
from harness.tools.editor import NAMES as EDITORS
from harness.tools.editor import Editor
from harness.tools.human import DEFINITION as HUMAN
from harness.tools.human import NAME as ASK_HUMAN
from harness.tools.human import Human
from harness.tools.toolbox import Tool, Toolbox
from sandbox_image.wire import Region

if TYPE_CHECKING:
    from harness.model.reach import Reach
    from harness.model.turn import Model
    from harness.sandbox.desktop import Desktop
    from harness.tools.call import Call

P = ParamSpec("P")
R = TypeVar("R")
MODEL = "claude-sonnet-5-5"


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is to do, and within which bounds."""

    text: str
    model: str = MODEL
    effort: Effort | None = None
    limits: Limits = field(default_factory=Limits)
    more: str = ""  # of the system prompt
    form: Given | None = None  # of the result: a JSON schema, or a type that pydantic knows
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    rules: Sequence[Rule | str] = ()  # what needs approval, also as the command line has it: "ask:bash"
    tools: Sequence[Callable[..., object]] = ()  # functions of one's own
    one_action: bool = False  # one call a turn


@dataclass(frozen=True, slots=True)
class People:
    """Who can be asked; nobody, unless somebody says so.

    Both may be `async`; one that is not is called in a thread. The clock of the limits stands while a person thinks.
    """

    reply: Callable[[str], Awaitable[str | None] | str | None] | None = None
    """Answers a question of the model; None where nobody does."""
    approve: Callable[[Call, Rule], Awaitable[bool | str] | bool | str] | None = None
    """Whether a call may be done that a rule wants to be asked about; a text says that it may not, and why."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was done of a task before the process that was at it went: where it goes on, and what was spent."""

    transcript: Transcript
    system: str  # as it was said: thinking may be bound to it
    steps: int
    usage: Usage
    cost: float | None
    seconds: float


def check(task: Task, reach: Reach | None = None) -> None:
    """Raise UsageError for what `run_task` would raise one, before anything is started for it."""
    checked(task.model, reach, task.effort)
    _tells_no_secret(task)
    if task.form is not None:
        form(task.form)


def _tells_no_secret(task: Task) -> None:
    """Raise UsageError where the task's own words have the value of a secret: they go to the model and to the disk."""
    for name, value in task.secrets.items():
        if Secrets({name: value}).redact(told := f"{task.text}\n{task.more}") != told:
            raise UsageError(
                f"the task's text has the value of the secret {name}; write {{secret:{name}}} in its place"
            )


def silent(told: object) -> None:
    """Tell nobody."""


async def run_task(
    task: Task | str,
    desktop: Desktop,
    emit: Emit = silent,
    *,
    people: People | None = None,
    control: Control | None = None,
    reach: Reach | None = None,
    model: Model | None = None,
    around: Around = plain,
    earlier: Earlier | None = None,
) -> Outcome:
    """Do a task at a desktop, and tell all of it as events.

    `control` ends it from outside, `earlier` was done of it. `reach` is how the model is reached where the defaults do
    not hold, and `model` answers in its place; `around` puts another one around it, such as one that writes the
    conversation down.

    What ends it is its outcome, whatever that is; but a UsageError is raised for what is not there before anything is
    asked, such as a key. Cancelling tells that it was stopped, and goes on as a cancellation.
    """
    task = Task(task) if isinstance(task, str) else task
    if not task.text.strip():
        raise UsageError("the task is empty; say what is to be done")
    _tells_no_secret(task)
    hidden = masked(emit, tuple(task.secrets.values()))
    mine = nullcontext(at_hand(around(model), task.model, reach)) if model else None
    async with mine or reached(task.model, reach, task.effort, around) as there:
        loop = _joined(task, desktop, hidden, people or People(), there=there, earlier=earlier)
        if earlier:
            loop.telling.resumed(earlier.steps)
        else:
            loop.telling.began(task, desktop.screen, loop.form.schema if loop.form else None)
        for note in there.notes:
            loop.telling.waiting(Waiting(0.0, note))
        try:
            outcome = await (control or Control()).over(loop.run(), loop.spent, task.limits)
        except asyncio.CancelledError:
            loop.telling.ended(Stopped(), loop.spent)
            raise
        except Exception as error:  # of a function that was given, or of ours
            loop.telling.ended(Failed(HarnessError(f"{type(error).__name__}: {error}")), loop.spent)
            raise
        loop.telling.ended(outcome, loop.spent)
        return outcome


def _asked(person: Callable[P, Awaitable[R] | R] | None, spent: Spent) -> Callable[P, Awaitable[R]] | None:
    """The same, awaited, while the clock stands; None where nobody is there."""
    if person is None:
        return None

    async def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        with spent.pause():
            quick = inspect.iscoroutinefunction(person)
            answer: Awaitable[R] | R
            answer = person(*args, **kwargs) if quick else await asyncio.to_thread(person, *args, **kwargs)
            return await answer if isinstance(answer, Awaitable) else answer

    return ask


def _own(functions: Sequence[Callable[..., object]]) -> list[FunctionTool]:
    """Tools of one's own. Raises UsageError for one that cannot be, or whose name is taken."""
    own, taken = [FunctionTool(function) for function in functions], {TOOL, BASH, ASK_HUMAN, *EDITORS.values()}
    for tool in own:
        if tool.name in taken:
            raise UsageError(f"there is a tool named {tool.name} already; give the function another name")
        taken.add(tool.name)
    return own


def _spent(price: Price | None, earlier: Earlier | None) -> Spent:
    if earlier is None:
        return Spent(price)
    return Spent(price, steps=earlier.steps, usage=earlier.usage, cost=earlier.cost, before=earlier.seconds)


def _joined(
    task: Task, desktop: Desktop, emit: Emit, people: People, *, there: Reached, earlier: Earlier | None
) -> Loop:
    entry, screen, secrets = there.entry, desktop.screen, Secrets(task.secrets)
    if earlier:
        secrets.assume_typed()
    spent = _spent(entry.price, earlier)
    shown = fit_model(screen, entry.limits)
    view = Viewport(region=Region(x=0, y=0, width=screen.width, height=screen.height), shown=shown)
    telling = Telling(emit, view)
    result = form(task.form) if task.form is not None else None
    own = _own(task.tools)
    asking = Asking(
        model=there.name,
        entry=entry,
        system=earlier.system if earlier else system(shown, tuple(task.secrets), task.more),
        screen=screen,
        effort=task.effort,
        tools=(HUMAN, *(tool.definition for tool in own)),
        form=result.schema if result else None,
        one_action=task.one_action,
        provider=there.provider,
    )
    others: dict[str, Tool] = {
        BASH: Bash(desktop),
        EDITORS[entry.editor]: Editor(desktop),
        ASK_HUMAN: Human(_asked(people.reply, spent)),
        **{tool.name: tool for tool in own},
    }
    toolbox = Toolbox(
        Computer(desktop, view, reveal=secrets.reveal, typed=secrets.typed),
        others,
        refusal=Approvals(task.rules, _asked(people.approve, spent)).refusal,
        redact=secrets.redact,
    )
    transcript = earlier.transcript if earlier else Transcript()
    if not earlier:
        transcript.say(text(task.text))
    model = there.model(telling.waiting, telling.hear)
    return Loop(model, asking, toolbox, transcript, task.limits, spent, telling, result)
