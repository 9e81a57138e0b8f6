"""A task as it was ordered on the command line: all that is needed to do it, or to go on with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from harness.agent import Limits, Rule, Task
from harness.agent.approvals import rule
from harness.agent.form import read_schema
from harness.agent.secrets import secrets_given
from harness.errors import UsageError
from harness.model.catalog import Effort
from harness.record.disk import write_whole
from harness.tools.call import Json

if TYPE_CHECKING:
    from harness.settings import Settings

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
    max_steps: str | None = None
    max_tokens: str | None = None
    max_cost: str | None = None
    max_time: str | None = None
    approve: Sequence[str] = ()
    secret: Sequence[str] = ()

    def settings(self) -> dict[str, Any]:
        """What they say in place of settings; None where nothing is said."""
        limits = {"steps": self.max_steps, "tokens": self.max_tokens, "cost": self.max_cost, "time": self.max_time}
        return {"model": self.model, "effort": self.effort, "limits": limits, "sandbox": {"screen": self.screen}}

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


def ordered(text: str, options: Options, settings: Settings) -> Order:
    """The order that a text and options make. Raises UsageError with the option that cannot be.

    Rules of the command line come before those of the settings, so that they decide first.
    """
    return Order(
        text=text,
        model=settings.model,
        effort=settings.effort,
        limits=settings.bounds,
        system=_text(options.system or ""),
        form=read_schema(options.result_schema) if options.result_schema else None,
        rules=(*(rule(one) for one in options.approve), *settings.approve),
        secrets=tuple(options.secret),
        collect=tuple(options.collect),
        one_action=options.one_action,
    )


def _text(given: str) -> str:
    """Text, or what is in the file behind an @."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--system {given}: it cannot be read ({error})") from None
