"""`harness resume`: a task goes on whose host has died, at the desktop where it was, while that is still there."""

from __future__ import annotations

import asyncio
import json as json_text
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from harness.agent.errand import Errand
from harness.agent.task import Earlier, check
from harness.cli.order import ORDER, Order
from harness.cli.task import Work
from harness.errors import UsageError
from harness.events import FileCollected, SandboxStarted, TaskFinished, TurnFinished
from harness.model.transcript import Transcript
from harness.model.turn import Usage
from harness.record.conversation import last_exchange
from harness.record.folder import RunFolder, read_events
from harness.record.summary import cost
from harness.settings import read

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, progress on standard error.")]


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False, help="The run's folder.")],
    *,
    json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the desktop afterwards.")] = False,
) -> None:
    """Go on with a task whose process was killed, at the desktop where it was.

    `harness resume runs/20260301-120000-shopping-list`

    The desktop lives for 15 minutes after that. The model is told what is not known to have been done. Exit codes are
    those of `harness run`.
    """
    from harness.sandbox.adopting import adopt_sandbox  # noqa: PLC0415 - the engine's library is slow to import

    rest = left(run)
    errand = Errand(rest.order.task(), collect=rest.order.collect)
    reach = read().reach
    if not rest.ended:
        check(errand.task, reach)
    folder, console = RunFolder(run), Console(stderr=json)
    work = Work(errand, folder, console, reach, keep=keep, earlier=rest.earlier, ended=rest.ended)
    with asyncio.Runner() as runner:
        code = runner.run(work.run(adopt_sandbox(rest.sandbox)))
    if json:
        typer.echo(json_text.dumps({"exit_code": code, **work.told}, indent=2, ensure_ascii=False))
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run whose process is gone was to do, the sandbox's id, and how far it got.

    `earlier` is None where the model was not asked anything yet. Where the task has `ended`, what is left of the order
    is to collect.
    """

    order: Order
    sandbox: str
    earlier: Earlier | None = None
    ended: bool = False


def left(run: Path) -> Left:
    """What is left to do. Raises UsageError for what is no task's run, and for one with which all is done."""
    try:
        order = Order.model_validate_json((run / ORDER).read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError(f"{run} is not the folder of a task's run: {ORDER} cannot be read ({error})") from None
    events = read_events(run)
    sandbox = next((event.sandbox for event in reversed(events) if isinstance(event, SandboxStarted)), "")
    if not sandbox:
        raise UsageError(f"{run}: the sandbox had not started yet; begin anew with harness run")
    if end := next((event for event in events if isinstance(event, TaskFinished)), None):
        kept = {event.source for event in events if isinstance(event, FileCollected)}
        collect = tuple(path for path in order.collect if path not in kept)
        if not collect:
            raise UsageError(f"{run} has ended ({end.outcome}: {end.message}); there is nothing to go on with")
        return Left(order.model_copy(update={"collect": collect}), sandbox, ended=True)
    return Left(order, sandbox, _earlier(run, [event for event in events if isinstance(event, TurnFinished)]))


def _earlier(run: Path, turns: list[TurnFinished]) -> Earlier | None:
    last = last_exchange(run)
    if last is None:
        return None
    body = last.request.body
    return Earlier(
        transcript=Transcript.resumed(body, last.turn.message if last.turn else None),
        system=_system(body["system"]),
        steps=len(turns),
        usage=sum((_usage(turn) for turn in turns), Usage()),
        cost=cost(turns),
        seconds=sum(turn.seconds for turn in turns),
    )


def _usage(turn: TurnFinished) -> Usage:
    return Usage(turn.input, turn.cache_read, turn.cache_write_5m, turn.cache_write_1h, turn.output, turn.thinking)


def _system(told: object) -> str:
    """The text of the system prompt, as requests have it."""
    match told:
        case [{"text": str(text)}, *_]:
            return text
        case _:
            raise UsageError("the system prompt of this run is not as this version writes it; begin anew")
