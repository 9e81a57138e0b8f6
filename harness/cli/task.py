"""A task from the command line: a sandbox of its own, a run's folder, progress, and an end that Ctrl-C can ask for."""

from __future__ import annotations

import asyncio
import errno
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.agent import Control, Failed, Finished, People, Stopped
from harness.agent.errand import Done, Errand, collected, placed, run_errand
from harness.agent.task import check
from harness.cli import FAILED, INTERRUPTED, PASSED, code_of
from harness.cli.asking import Terminal
from harness.cli.folders import finished, made
from harness.cli.order import Options, ordered
from harness.cli.show_task import ShowTask
from harness.cli.signals import heeding
from harness.errors import BadAnswer, HarnessError
from harness.events import Event, SandboxStarted, TaskFinished
from harness.model.reach import Reach
from harness.record.conversation import Recorded
from harness.record.folder import read_events
from harness.sandbox.spec import SandboxSpec

if TYPE_CHECKING:
    import signal

    from rich.console import Console

    from harness.agent.task import Earlier
    from harness.record.folder import RunFolder
    from harness.sandbox.life import Running
    from harness.settings import Settings

LEASE = 15 * 60.0
"""Seconds that the sandbox of a task outlives the death of its host: long enough for somebody to resume it."""


async def do_task(text: str, options: Options, settings: Settings, console: Console) -> tuple[int, dict[str, object]]:
    """Let a model do a task in a sandbox of its own; the exit code, and what there is to tell of it.

    Raises UsageError for an option that cannot be, or where there is no key: then nothing was started.
    """
    from harness.sandbox.running import open_sandbox  # noqa: PLC0415 - the engine's library is slow to import

    order = ordered(text, options, settings)
    errand = Errand(order.task(), put=[placed(one) for one in options.put], collect=order.collect)
    check(errand.task, settings.reach)
    folder = made(settings.runs, text)
    order.write(folder.path)
    work = Work(errand, folder, console, settings.reach, keep=options.keep)
    return await work.run(open_sandbox(lasting(settings.sandbox))), work.told


def lasting(spec: SandboxSpec) -> SandboxSpec:
    """The same with a lease that leaves time to resume, unless another one was asked for."""
    return spec if "lease" in spec.model_fields_set else spec.model_copy(update={"lease": LEASE})


@dataclass
class Work:
    """One task in a sandbox, and the folder that tells of it.

    `earlier` was done of it by a process that is gone; where that one `ended` it, only the collecting is left.
    """

    errand: Errand
    folder: RunFolder
    console: Console
    reach: Reach = field(default_factory=Reach)
    keep: bool = False
    earlier: Earlier | None = None
    ended: bool = False
    told: dict[str, object] = field(default_factory=dict)
    _control: Control = field(default_factory=Control)
    _signal: signal.Signals | None = None

    async def run(self, sandbox: AbstractAsyncContextManager[Running]) -> int:
        """Do it and return the exit code. A first signal ends it with an outcome, a second one at once."""
        task = asyncio.current_task()

        def heed(which: signal.Signals) -> None:
            if self._signal and task:
                task.cancel()
            self._signal = self._signal or which
            self._control.stop(f"stopped by {which.name}")

        result, began, show = INTERRUPTED, time.monotonic(), ShowTask(self.console)
        with heeding(heed):
            try:
                async with AsyncExitStack() as stack:
                    with show, self._unless_begun():
                        running = await stack.enter_async_context(sandbox)
                    result = await self._in(running, show, time.monotonic() - began)
            except asyncio.CancelledError:
                if self._signal is None:
                    raise
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                told = f"{self.folder.path}: the disk is full, and the run ended there; make room, or see to --runs"
                raise HarnessError(told) from None
        return 128 + self._signal if self._signal and result == INTERRUPTED else result

    @contextmanager
    def _unless_begun(self) -> Iterator[None]:
        """Where the sandbox does not come, leave no folder of a run that never was."""
        try:
            yield
        except BaseException:
            if not read_events(self.folder.path):
                shutil.rmtree(self.folder.path, ignore_errors=True)
            raise

    async def _in(self, running: Running, show: ShowTask, seconds: float) -> int:
        """The task and its folder, whatever becomes of it. Starting the sandbox took so many seconds."""
        with ExitStack() as stack:
            folder = stack.enter_context(self.folder)
            stack.enter_context(show)
            if self.earlier or self.ended:
                show.recall(read_events(folder.path))
            stack.callback(lambda: self.told.update(finished(folder, show)))
            done = await self._done(running, show, seconds)
            for problem in done.missing:
                show.say(problem, "red")
            if self.keep:
                await self._hand_over(running, show)
            return code(done)

    async def _hand_over(self, running: Running, show: ShowTask) -> None:
        """Leave the desktop to a process that keeps it."""
        from harness.cli.background import keep  # noqa: PLC0415 - the engine's library is slow to import

        record = await keep(running)
        self.told["kept"] = record.id
        show.say(f"the desktop goes on as {record.id}; end it with: harness desktop stop {record.id}")

    async def _done(self, running: Running, show: ShowTask, seconds: float) -> Done:
        folder, record = self.folder, running.record

        def emit(event: Event) -> None:
            folder(event)
            show(event)
            if isinstance(event, TaskFinished) and self.errand.collect:
                show.doing("collecting files")

        emit(SandboxStarted(image=record.image, sandbox=record.id, container=record.container, seconds=seconds))
        if self.ended:
            return Done(None, await collected(self.errand, running.desktop, emit, folder.files))
        terminal = Terminal(self.console, stop=self._control.stop, aside=show.held)
        return await run_errand(
            self.errand,
            running.desktop,
            emit,
            folder.files,
            people=People(reply=terminal.reply, approve=terminal.approve),
            control=self._control,
            reach=self.reach,
            around=lambda model: Recorded(model, folder),
            earlier=self.earlier,
        )


def code(done: Done) -> int:
    """The exit code of a task that ended."""
    match done.outcome:
        case Finished() | None:
            return FAILED if done.missing else PASSED
        case Stopped():
            return INTERRUPTED
        case Failed(error=error):
            return FAILED if isinstance(error, BadAnswer) else code_of(error)
        case _:
            return FAILED
