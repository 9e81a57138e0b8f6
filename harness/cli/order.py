"""A task as it was ordered on the command line: all that is needed to do it, or to go on with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict

from harness.agent import Limits, Rule, Task
from harness.agent.approvals import rule
from harness.agent.form import read_schema
from harness.agent.secrets import secrets_given
from harness.agent.task import MODEL
from harness.errors import UsageError
from harness.model.catalog import Effort
from harness.record.disk import write_whole
from harness.sandbox.spec import parse_seconds
from harness.tools.call import Json

ORDER = "order.json"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of a task."""

    model: str | None = None
    effort: str | None = None
    system: str | None = None
    result_schema: Path | None = None
    put: Sequence[str] = ()
    collect: Sequence[str] = ()
    screen: str | None = None
    keep: bool = False
    one_action: bool = False
    max_steps: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_time: str | None = None
    approve: Sequence[str] = ()
    secret: Sequence[str] = ()

    def sandbox(self) -> dict[str, object]:
        """What they say of the sandbox, as fields of SandboxSpec."""
        return {"screen": self.screen} if self.screen else {}

    def given(self) -> dict[str, object]:
        """Those that were given, by their names on the command line."""
        return {f"--{one.name.replace('_', '-')}": getattr(self, one.name) for one in fields(self)}


class Order(BaseModel):
    """A task, without the values of its secrets: those are read anew from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    model: str
    effort: Effort | None = None
    limits: Limits = Limits()
    system: str = ""
    form: Json | None = None
    rules: tuple[Rule, ...] = ()
    secrets: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    one_action: bool = False

    def write(self, run: Path) -> None:
        """Leave it in the folder of its run."""
        write_whole(run / ORDER, self.model_dump_json(indent=2).encode())

    def task(self, environ: Mapping[str, str] = os.environ) -> Task:
        """What is to be done. Raises UsageError for a secret that is not in the environment."""
        return Task(
            self.text,
            model=self.model,
            effort=self.effort,
            limits=self.limits,
            more=self.system,
            form=self.form,
            secrets=secrets_given(self.secrets, environ),
            rules=self.rules,
            one_action=self.one_action,
        )


def ordered(text: str, options: Options) -> Order:
    """The order that a text and options make. Raises UsageError with the option that cannot be."""
    return Order(
        text=text,
        model=options.model or MODEL,
        effort=_effort(options.effort),
        limits=_limits(options),
        system=_text(options.system or ""),
        form=read_schema(options.result_schema) if options.result_schema else None,
        rules=tuple(rule(one) for one in options.approve),
        secrets=tuple(options.secret),
        collect=tuple(options.collect),
        one_action=options.one_action,
    )


def _effort(given: str | None) -> Effort | None:
    for effort in get_args(Effort):
        if given == effort:
            known: Effort = effort
            return known
    if given is not None:
        raise UsageError(f"--effort {given}: there are {', '.join(get_args(Effort))}")
    return None


def _limits(options: Options) -> Limits:
    usual = Limits()
    numbers = {"--max-steps": options.max_steps, "--max-tokens": options.max_tokens, "--max-cost": options.max_cost}
    for name, number in numbers.items():
        if number is not None and number <= 0:
            raise UsageError(f"{name} {number}: what is allowed has to be more than nothing")
    return Limits(
        steps=options.max_steps or usual.steps,
        tokens=options.max_tokens or usual.tokens,
        cost=options.max_cost or usual.cost,
        seconds=_seconds(options.max_time) or usual.seconds,
    )


def _seconds(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = parse_seconds(given)
    except ValueError as error:
        raise UsageError(f"--max-time {given}: {error}") from None
    assert isinstance(seconds, float)  # noqa: S101 - it was text
    return seconds


def _text(given: str) -> str:
    """Text, or what is in the file behind an @."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--system {given}: it cannot be read ({error})") from None
