"""Run a flow: a sandbox of its own, setup, steps, and cleanup whatever happened. All it does is told as events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from harness.errors import ActionFailed, HarnessError, UsageError
from harness.events import (
    Emit,
    Outcome,
    RunFinished,
    RunStarted,
    SandboxStarted,
    Status,
    StepFailure,
    StepFinished,
    StepInfo,
    StepStarted,
    masked,
)
from harness.flow.actions import act
from harness.flow.plan import Flow, Step
from harness.flow.scene import Scene, StepFailed
from harness.flow.schema import BashStep, CollectStep, ExpectStep, LaunchStep, OpenStep, PutStep
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import ErrorCode

_NOT_THE_FLOW = frozenset({ErrorCode.WORKER_LOST, ErrorCode.DISPLAY_LOST, ErrorCode.INTERNAL})
"""Failures of an action that no flow can be blamed for."""
CLEANUP = 60.0
"""Seconds for all cleanup steps together."""
WINDOW, COMMAND, TRANSFER = 40.0, 120.0, 60.0
_LONGER: dict[type, float] = {
    LaunchStep: WINDOW,
    OpenStep: WINDOW,
    BashStep: COMMAND,
    PutStep: TRANSFER,
    CollectStep: TRANSFER,
}
_GRACE = 15.0  # for the round trip a step is in when its own time is over


@dataclass(frozen=True, slots=True)
class Opened:
    """A desktop for a flow, and what it was made from."""

    desktop: Desktop
    image: str = ""


OpenDesktop: TypeAlias = Callable[[Flow], AbstractAsyncContextManager[Opened]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended, and the first thing that went wrong."""

    outcome: Outcome
    message: str = ""
    step: str | None = None


async def run_flow(
    flow: Flow, open_desktop: OpenDesktop, emit: Emit, *, files: Path, scale: float = 1.0, version: str = ""
) -> Verdict:
    """Run a flow on a desktop of its own. `scale` multiplies every deadline; collected files go below `files`.

    What fails is in the verdict and the events, not raised. Cancelling runs the cleanup, tells the end and then
    raises CancelledError; cancelling again ends the cleanup.
    """
    return await _Run(flow, masked(emit, flow.secrets), files, scale).run(open_desktop, version)


class _Run:
    def __init__(self, flow: Flow, emit: Emit, files: Path, scale: float) -> None:
        self._flow = flow
        self._emit = emit
        self._files = files
        self._scale = scale
        self._verdict = Verdict("passed")
        self._last: str | None = None  # frame after the step before
        self._begun: set[str] = set()
        self._at: Step | None = None  # the step at work, or the last one

    async def run(self, open_desktop: OpenDesktop, version: str) -> Verdict:
        started = _now()
        self._emit(_announcement(self._flow, version))
        try:
            async with open_desktop(self._flow) as opened:
                self._emit(SandboxStarted(seconds=_now() - started, image=opened.image))
                await self._phases(opened.desktop)
        except HarnessError as error:
            self._note("infrastructure", str(error))
        except asyncio.CancelledError:
            self._interrupted()
            raise
        except BaseException as error:
            self._note("infrastructure", f"{type(error).__name__}: {error}")
            raise
        finally:
            self._skip((*self._flow.setup, *self._flow.steps, *self._flow.cleanup))
            verdict = self._verdict
            self._emit(
                RunFinished(
                    outcome=verdict.outcome, seconds=_now() - started, message=verdict.message, step=verdict.step
                )
            )
        return self._verdict

    async def _phases(self, desktop: Desktop) -> None:
        """Setup, steps, then cleanup whatever became of them."""
        cancelled = await self._survive(self._body(desktop))
        self._skip((*self._flow.setup, *self._flow.steps))
        cleanup = asyncio.ensure_future(self._cleanup(desktop))
        # The first cancelling lets the cleanup run to its end; one more ends it.
        cancelled = await self._survive(cleanup if cancelled else asyncio.shield(cleanup)) or cancelled
        if not cleanup.done():
            await self._survive(cleanup)
        if cancelled:
            raise asyncio.CancelledError

    async def _survive(self, work: Awaitable[None]) -> bool:
        """Wait for a phase; what ends it is noted, and whether somebody cancelled."""
        try:
            await work
        except asyncio.CancelledError:
            self._interrupted()
            if task := asyncio.current_task():
                task.uncancel()
            return True
        return False

    async def _body(self, desktop: Desktop) -> None:
        limit = self._flow.timeout * self._scale
        try:
            async with asyncio.timeout(limit):
                for step in (*self._flow.setup, *self._flow.steps):
                    if not await self._step(desktop, step, "failed"):
                        return
        except TimeoutError:
            self._note("failed", f"the flow's timeout of {limit:g} s passed", self._at.id if self._at else None)

    async def _cleanup(self, desktop: Desktop) -> None:
        """Every cleanup step, also after one that failed."""
        try:
            async with asyncio.timeout(CLEANUP * self._scale):
                for step in self._flow.cleanup:
                    await self._step(desktop, step, "error")
        except TimeoutError:
            self._note("error", f"the cleanup took longer than {CLEANUP * self._scale:g} s")

    async def _step(self, desktop: Desktop, step: Step, blame: Outcome) -> bool:
        """Run one step and tell of it; whether the flow may go on."""
        self._begun.add(step.id)
        self._at = step
        self._emit(StepStarted(step=step.id))
        common, quiet = step.common, self._flow.defaults.settle
        scene = Scene(
            desktop,
            step,
            self._emit,
            limit=_limit(step, self._flow.defaults.timeout) * self._scale,
            quiet=quiet if common.settle is None else common.settle,
            last=self._last,
            secrets=self._flow.secrets,
        )
        status: Status = "interrupted"
        failure: StepFailure | None = None
        try:
            failure = await self._attempt(scene)
            status = "passed" if failure is None else "warning" if common.optional else "failed"
        except HarnessError as error:  # the sandbox is to blame; nothing is optional about that
            status, failure = "failed", StepFailure(message=str(error), waited=scene.seconds)
            blame = "infrastructure"
        finally:
            self._finish(scene, status, failure)
        if failure and status == "failed":
            self._note(blame, failure.message, step.id)
        return status != "failed"

    async def _attempt(self, scene: Scene) -> StepFailure | None:
        """Do the step; why it failed, if it did. Raises what no step can be blamed for."""
        try:
            async with asyncio.timeout(scene.limit + _GRACE):
                await act(scene, scene.step.body, folder=self._flow.path.parent, files=self._files)
        except StepFailed as failed:
            failure = failed.failure
        except (ActionFailed, UsageError) as error:
            if isinstance(error, ActionFailed) and error.code in _NOT_THE_FLOW:
                raise
            failure = (await scene.failed(str(error))).failure
        except TimeoutError:
            failure = StepFailure(message=f"not done within {scene.limit + _GRACE:g} s", waited=scene.seconds)
        except OSError as error:  # the host's disk, for put and collect
            failure = StepFailure(message=f"on this machine: {error}", waited=scene.seconds)
        else:
            return None
        await self._last_look(scene)
        return failure

    async def _last_look(self, scene: Scene) -> None:
        """The screen as the failure left it, where it can still be had."""
        with suppress(HarnessError, TimeoutError):  # the failure itself is what counts
            async with asyncio.timeout(_GRACE):
                await scene.perform(keep="after")

    def _finish(self, scene: Scene, status: Status, failure: StepFailure | None) -> None:
        self._last = scene.after or self._last
        self._emit(
            StepFinished(
                step=scene.step.id,
                status=status,
                seconds=scene.seconds,
                points=tuple(scene.points),
                box=scene.box,
                before=scene.before,
                after=scene.after,
                failure=failure,
                note=scene.note,
            )
        )

    def _skip(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if step.id not in self._begun:
                self._begun.add(step.id)
                self._emit(StepFinished(step=step.id, status="skipped"))

    def _interrupted(self) -> None:
        at = self._at
        self._note("interrupted", f"during {at.title}" if at else "before the first step", at.id if at else None)

    def _note(self, outcome: Outcome, message: str, step: str | None = None) -> None:
        """Keep the first thing that went wrong; being interrupted overrides it, the way a person sees it."""
        if self._verdict.outcome == "passed" or (outcome == "interrupted" and self._verdict.outcome != outcome):
            self._verdict = Verdict(outcome, message, step)


def _limit(step: Step, default: float) -> float:
    """Seconds a step may take before it has failed."""
    own = step.body.timeout if isinstance(step.body, ExpectStep) else None
    given = step.common.timeout if own is None else own
    if given is not None:
        return given
    if isinstance(step.body, ExpectStep) and step.body.window and not step.body.gone:
        return max(default, WINDOW)
    return max(default, _LONGER.get(type(step.body), 0.0))


def _announcement(flow: Flow, version: str) -> RunStarted:
    steps = tuple(
        StepInfo(id=s.id, phase=s.phase, kind=s.kind, title=s.title, line=s.line, source=s.source)
        for s in (*flow.setup, *flow.steps, *flow.cleanup)
    )
    return RunStarted(
        name=flow.name,
        file=str(flow.path),
        source=flow.source,
        tags=flow.tags,
        screen=flow.screen,
        version=version,
        steps=steps,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
