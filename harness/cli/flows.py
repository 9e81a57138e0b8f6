"""Flow files from the command line: which are meant, running them one after the other, and `harness check`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import harness
from harness.cli import FAILED, INFRASTRUCTURE, NOTHING, PASSED, USAGE
from harness.cli.folders import finished, made
from harness.cli.show_flow import ShowFlow
from harness.cli.signals import heeding
from harness.errors import FlowError, UsageError
from harness.events import Event
from harness.flow.parse import SUFFIX, load
from harness.flow.plan import Flow
from harness.flow.runner import OpenDesktop, Opened, run_flow
from harness.sandbox.spec import SandboxSpec

if TYPE_CHECKING:
    import signal

    from harness.settings import Settings

_CODES = {"passed": PASSED, "failed": FAILED, "error": FAILED, "infrastructure": INFRASTRUCTURE}

Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", show_default=False, help=f"Flow files (*{SUFFIX}), or folders that hold some."),
]
Variables = Annotated[
    list[str] | None,
    typer.Option("-v", "--var", metavar="NAME=VALUE", help="Value of a variable.", rich_help_panel="Flows"),
]


def check(paths: Paths, var: Variables = None) -> None:
    """Read flows and tell what is wrong with them; nothing is started."""
    for flow in selected(paths, var or (), complete=False):
        typer.echo(f"{flow.path}: {flow.name}: nothing wrong")


async def run_flows(
    paths: Sequence[Path], var: Sequence[str], settings: Settings, scale: float, console: Console
) -> tuple[int, dict[str, object]]:
    """Run flows, each in a sandbox of its own; the exit code, and what there is to tell of each."""
    batch = Batch(sandboxed(settings.sandbox), settings.runs, scale, console)
    code = await batch.run(selected(paths, var, complete=True))
    return code, {"flows": batch.summaries}


@dataclass
class Batch:
    """Flows one after the other, and what became of them."""

    open_desktop: OpenDesktop
    runs: Path
    scale: float
    console: Console
    summaries: list[dict[str, object]] = field(default_factory=list)
    _signal: signal.Signals | None = None

    async def run(self, flows: Sequence[Flow]) -> int:
        """Run them and return the exit code. SIGINT, SIGTERM and SIGHUP end the flow at work, after cleanup."""
        task = asyncio.current_task()

        def stop(which: signal.Signals) -> None:
            self._signal = self._signal or which
            if task:
                task.cancel()

        with heeding(stop):
            try:
                for flow in flows:
                    await self._one(flow)
            except asyncio.CancelledError:
                if self._signal is None:
                    raise
        return 128 + self._signal if self._signal else self._code()

    async def _one(self, flow: Flow) -> None:
        with ExitStack() as stack:
            folder = stack.enter_context(made(self.runs, flow.name))
            show = stack.enter_context(ShowFlow(self.console))
            stack.callback(lambda: self.summaries.append(finished(folder, show)))

            def emit(event: Event) -> None:
                folder(event)
                show(event)

            await run_flow(
                flow, self.open_desktop, emit, files=folder.files, scale=self.scale, version=harness.__version__
            )

    def _code(self) -> int:
        """The worst of all: a sandbox problem leaves open whether a flow would have passed."""
        return max((_CODES.get(str(told["outcome"]), INFRASTRUCTURE) for told in self.summaries), default=NOTHING)


def sandboxed(spec: SandboxSpec) -> OpenDesktop:
    """Opens sandboxes that are as the spec says, but with the screen and the applications that a flow wants."""

    @asynccontextmanager
    async def opened(flow: Flow) -> AsyncIterator[Opened]:
        from harness.sandbox.running import open_sandbox  # noqa: PLC0415 - `check` needs no engine, and it is slow

        async with open_sandbox(SandboxSpec.of(spec, screen=flow.screen, apps=flow.apps)) as running:
            yield Opened(running.desktop, running.record.image)

    return opened


def selected(paths: Iterable[Path], var: Iterable[str], *, complete: bool) -> list[Flow]:
    """The flows meant, read; ends the program where there is none, or something is wrong with one."""
    try:
        flows = load_all(select(paths), variables(var), complete=complete)
    except (
        FlowError
    ) as error:  # as it is: editors and CI systems know `file:line:column: message` at the start of a line
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    if not flows:
        typer.echo(f"no *{SUFFIX} file in {', '.join(map(str, paths))}", err=True)
        raise typer.Exit(NOTHING)
    return flows


def select(paths: Iterable[Path]) -> list[Path]:
    """Flow files, and those below folders, each once, in order. Raises UsageError for what is neither."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(path.rglob(f"*{SUFFIX}"))))
        elif not path.exists():
            raise UsageError(f"{path} does not exist")
        elif not path.name.endswith(SUFFIX):
            raise UsageError(f"{path} is no flow: give files that end in {SUFFIX}, or a folder")
        else:
            found[path] = None
    return list(found)


def variables(given: Iterable[str]) -> dict[str, str]:
    """`name=value` texts as a dict. Raises UsageError."""
    pairs = [one.partition("=") for one in given]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise UsageError(f"-v {name}: write it as -v NAME=VALUE")
    return {name: value for name, _, value in pairs}


def load_all(files: Sequence[Path], given: Mapping[str, str], *, complete: bool) -> list[Flow]:
    """Read all; one error tells the problems of all. A variable that no flow declares is a UsageError."""
    flows: list[Flow] = []
    problems: list[str] = []
    for path in files:
        try:
            flows.append(load(path, given, complete=complete))
        except FlowError as error:
            problems.append(str(error))
    if problems:
        raise FlowError("\n".join(problems))
    known = {name for flow in flows for name in flow.variables}
    if flows and (unknown := sorted(given.keys() - known)):
        names = ", ".join(sorted(known)) or "none"
        raise UsageError(f"-v {unknown[0]}: no flow declares this variable under vars; declared: {names}")
    return flows
