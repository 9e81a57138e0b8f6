"""The `harness` command.

Exit codes: 0 fine; 1 what was asked for failed; 2 bad usage; 3 the engine, the image, a sandbox or the model's API;
5 nothing selected; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

import harness
from harness.errors import ActionFailed, HarnessError, NotAllowed, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSED, FAILED, USAGE, INFRASTRUCTURE, NOTHING, INTERRUPTED = 0, 1, 2, 3, 5, 130

_HELP = """Disposable Linux desktops in containers, for programs, flows and models to work at.

Build the image once: `harness image build`; where something is wrong, ask `harness doctor`

Let Claude do a task: `harness run "Write a shopping list in the editor, save it as list.txt" --collect list.txt`

Run a scripted chore: `harness run examples/demo.flow.yaml`

Keep a desktop at hand: `harness desktop start`, then `harness desktop shell -- uname -a` and
`harness desktop screenshot look.png`; end it with `harness desktop stop`
"""
# Each verb with the module that has it: a function of its name, or an `app` of its own verbs.
_VERBS = {
    "run": "run",
    "resume": "resume",
    "models": "models",
    "check": "flows",
    "desktop": "desktop",
    "image": "image",
    "doctor": "doctor",
}


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's shape of a callback
    if wanted:
        typer.echo(f"harness {harness.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What holds for every command."""


def main() -> NoReturn:
    """Run the command line and exit. An error is one message, never a traceback."""
    sys.exit(execute(sys.argv[1:]))


def execute(arguments: list[str]) -> int:
    """Run a command line; its exit code."""
    try:
        build(arguments)(args=arguments, prog_name="harness")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except HarnessError as error:
        _show(error, as_json="--json" in arguments)
        return code_of(error)
    except OSError as error:  # a file of the caller's, or standard output, that cannot be written to
        _show(HarnessError(str(error)), as_json="--json" in arguments)
        return FAILED
    return 0


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line: of the one verb that is called, or of all, since their modules take long to import."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help=_HELP,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    called = arguments[0] if arguments else ""
    for verb in [called] if called in _VERBS else _VERBS:
        module = import_module(f"harness.cli.{_VERBS[verb]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=verb)
        else:
            app.command(verb)(getattr(module, verb))
    return app


def code_of(error: HarnessError) -> int:
    """The exit code that says whose turn it is: the caller's, the machine's, or nobody's."""
    if isinstance(error, UsageError | NotAllowed):
        return USAGE
    return FAILED if isinstance(error, ActionFailed) else INFRASTRUCTURE


def _show(error: HarnessError, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"error": error.describe()}, ensure_ascii=False), err=True)
    else:
        told = Text.assemble(("error:", "bold red"), f" {error}")
        Console(stderr=True, soft_wrap=True).print(told, highlight=False)
