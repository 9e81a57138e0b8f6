"""`harness run`: flow files, or one task in words for a model.

Exit codes: 0 passed or finished; 1 a flow failed, or a task was not finished; 2 bad usage, an invalid flow or no key;
3 the sandbox, its engine or the model's API; 5 nothing selected; 130, 143 or 129 interrupted, after cleanup.
"""

from __future__ import annotations

import asyncio
import json as json_text
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.cli.flows import Variables, run_flows
from harness.cli.order import Options
from harness.cli.task import do_task
from harness.errors import UsageError
from harness.settings import read

_FLOWS, _TASK, _BOUNDS, _RAILS = "Flows", "Tasks", "Limits of tasks", "Guard rails of tasks"

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="TASK | PATH...",
        show_default=False,
        help="A task in words, or `-` for one from standard input; or flow files (*.flow.yaml), or folders of them.",
    ),
]
Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Where the folders of runs go, `runs` unless settings say otherwise."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, progress on standard error.")]
Scale = Annotated[
    float,
    typer.Option(
        "--timeout-scale",
        envvar="HARNESS_TIMEOUT_SCALE",
        min=0.01,
        help="Multiplies every deadline.",
        rich_help_panel=_FLOWS,
    ),
]


def _option(*names: str, metavar: str, help: str, panel: str = _TASK) -> Any:  # noqa: A002 - typer's own name
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, show_default=False)


def run(
    words: Words,
    *,
    runs: Runs = None,
    json: Json = False,
    var: Variables = None,
    timeout_scale: Scale = 1.0,
    model: Annotated[
        str | None,
        _option(metavar="NAME", help="`claude-…`, `bedrock:…`, `vertex:…`, or `scripted:FILE` to play turns."),
    ] = None,
    effort: Annotated[str | None, _option(metavar="LEVEL", help="low, medium, high, xhigh or max.")] = None,
    system: Annotated[str | None, _option(metavar="TEXT", help="More for the system prompt; @FILE reads it.")] = None,
    result_schema: Annotated[
        Path | None, _option(metavar="FILE", help="JSON schema that the result has to fit.")
    ] = None,
    put: Annotated[list[str] | None, _option(metavar="FILE[:PLACE]", help="Put into the home before.")] = None,
    collect: Annotated[list[str] | None, _option(metavar="PATH", help="Bring out after, into the run's files.")] = None,
    one_action: Annotated[bool, typer.Option("--one-action", help="One call a turn.", rich_help_panel=_TASK)] = False,
    screen: Annotated[str | None, _option(metavar="WxH", help="Size of the screen in pixels.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the desktop afterwards.", rich_help_panel=_TASK)] = False,
    max_steps: Annotated[str | None, _option(metavar="N", help="Answers of the model.", panel=_BOUNDS)] = None,
    max_tokens: Annotated[str | None, _option(metavar="N", help="Tokens in and out.", panel=_BOUNDS)] = None,
    max_cost: Annotated[str | None, _option(metavar="USD", help="US dollars.", panel=_BOUNDS)] = None,
    max_time: Annotated[str | None, _option(metavar="TIME", help="Time, such as 90s or 15m.", panel=_BOUNDS)] = None,
    approve: Annotated[
        list[str] | None, _option(metavar="RULE", help="What needs your word: `ask:bash`.", panel=_RAILS)
    ] = None,
    secret: Annotated[
        list[str] | None, _option(metavar="NAME", help="Environment variable to be typed by name.", panel=_RAILS)
    ] = None,
) -> None:
    """Run flows, each in a sandbox of its own, or let a model do a task in one.

    `harness run "Open the editor, write a shopping list, save it as list.txt" --collect list.txt`

    A task needs a key for the Messages API (ANTHROPIC_API_KEY), or a script of turns: `--model scripted:FILE`.
    """
    options = Options(
        model=model,
        effort=effort,
        system=system,
        result_schema=result_schema,
        put=tuple(put or ()),
        collect=tuple(collect or ()),
        one_action=one_action,
        screen=screen,
        keep=keep,
        max_steps=max_steps,
        max_tokens=max_tokens,
        max_cost=max_cost,
        max_time=max_time,
        approve=tuple(approve or ()),
        secret=tuple(secret or ()),
    )
    what, settings, console = meant(words), read(runs=runs, **options.settings()), Console(stderr=json)
    with asyncio.Runner() as runner:
        if isinstance(what, str):
            refuse("a task", {"--var": var})
            code, told = runner.run(do_task(what, options, settings, console))
        else:
            refuse("flows", options.given())
            code, told = runner.run(run_flows(what, var or (), settings, timeout_scale, console))
    if json:
        typer.echo(json_text.dumps({"exit_code": code, **told}, indent=2, ensure_ascii=False))
    raise typer.Exit(code)


def meant(words: list[str]) -> str | list[Path]:
    """A task in words, or the paths of flows. Raises UsageError for what could be either and is neither."""
    if words == ["-"]:
        return _task(sys.stdin.read())
    paths = [Path(word) for word in words]
    if all(_is_path(word) for word in words):
        return paths
    if len(words) > 1:
        raise UsageError(
            f"{len(words)} tasks at once; put one in quotes: harness run {json_text.dumps(' '.join(words))}"
        )
    if words[0].isascii() and len(words[0].split()) == 1:
        raise UsageError(f"{words[0]} is neither a flow file nor a folder, and a task has more words than one")
    return _task(words[0])


def _task(text: str) -> str:
    if not text.strip():
        raise UsageError("the task is empty; say what is to be done")
    return text.strip()


def _is_path(word: str) -> bool:
    """Whether it is there, or can only be meant as a path."""
    if not word.strip() or "\n" in word:
        return False
    return _exists(word) or (len(word.split()) == 1 and (word.endswith((".yaml", ".yml")) or "/" in word))


def _exists(word: str) -> bool:
    """Whether there is such a path; words that are too long for one are none."""
    try:
        return Path(word).exists()
    except OSError:
        return False


def refuse(what: str, given: Mapping[str, object]) -> None:
    """Raise UsageError where options were given that have no meaning for it."""
    if names := [name for name, value in given.items() if value]:
        raise UsageError(f"{', '.join(names)} has no meaning for {what}")
