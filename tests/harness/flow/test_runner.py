import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from harness.errors import SandboxLost, StartFailed
from harness.events import Event, SandboxStarted, StepFinished, StepStarted
from harness.flow.parse import loads
from harness.flow.plan import Flow
from harness.flow.runner import Opened, run_flow
from harness.testing import FakeDesktop
from sandbox_image.wire import Action, ErrorCode, Launch, Press, Refused, TypeText
from tests.support.flows import HEAD, Ran, opening, run, with_editor


async def test_setup_steps_and_cleanup_run_in_this_order_and_are_told(tmp_path: Path) -> None:
    ran = await run(
        "setup:\n  - launch: editor\nsteps:\n  - type: Hello\n  - press: ctrl+s\ncleanup:\n  - press: alt+f4\n",
        with_editor(),
        tmp_path,
    )
    assert ran.verdict.outcome == "passed"
    assert [type(action) for action in ran.desktop.guest.done] == [Launch, TypeText, Press, Press]
    assert ran.statuses == dict.fromkeys(["setup.1", "steps.1", "steps.2", "cleanup.1"], "passed")
    kinds = [event.kind for event in ran.events if event.kind != "frame_captured"]
    assert kinds == ["run_started", "sandbox_started", *["step_started", "step_finished"] * 4, "run_finished"]


async def test_a_step_that_fails_ends_the_steps_and_the_cleanup_runs(tmp_path: Path) -> None:
    ran = await run(
        "steps:\n  - press: nonsense_key\n  - press: a\ncleanup:\n  - press: b\n  - press: bad_key\n  - press: c\n",
        with_editor(),
        tmp_path,
    )
    assert ran.statuses == {
        "steps.1": "failed",
        "steps.2": "skipped",
        "cleanup.1": "passed",
        "cleanup.2": "failed",
        "cleanup.3": "passed",
    }
    assert (ran.verdict.outcome, ran.verdict.step) == ("failed", "steps.1")
    assert ran.end.message == ran.failure


async def test_a_setup_that_fails_skips_the_steps(tmp_path: Path) -> None:
    ran = await run(
        "setup:\n  - launch: nothing\nsteps:\n  - press: a\ncleanup:\n  - press: b\n", with_editor(), tmp_path
    )
    assert ran.statuses == {"setup.1": "failed", "steps.1": "skipped", "cleanup.1": "passed"}
    assert ran.verdict.outcome == "failed"


async def test_a_cleanup_that_fails_makes_an_error_of_a_flow_that_passed(tmp_path: Path) -> None:
    ran = await run("steps:\n  - press: a\ncleanup:\n  - press: bad_key\n", with_editor(), tmp_path)
    assert (ran.verdict.outcome, ran.verdict.step) == ("error", "cleanup.1")


async def test_an_optional_step_that_fails_is_a_warning(tmp_path: Path) -> None:
    ran = await run("steps:\n  - {click: Nothing, optional: true}\n  - press: a\n", with_editor(), tmp_path)
    assert ran.statuses == {"steps.1": "warning", "steps.2": "passed"}
    assert ran.verdict.outcome == "passed"


async def test_the_timeout_of_the_flow_ends_the_step_at_work_and_leaves_time_for_cleanup(tmp_path: Path) -> None:
    ran = await run(
        "timeout: 100ms\nsteps:\n  - {expect: Never, timeout: 1m}\n  - press: a\ncleanup:\n  - press: b\n",
        with_editor(patient=True),
        tmp_path,
    )
    assert ran.statuses == {"steps.1": "interrupted", "steps.2": "skipped", "cleanup.1": "passed"}
    assert ran.verdict.outcome == "failed"
    assert (ran.end.message, ran.end.step) == ("the flow's timeout of 0.1 s passed", "steps.1")


async def test_the_scale_multiplies_deadlines(tmp_path: Path) -> None:
    ran = await run(
        "timeout: 10s\nsteps:\n  - {expect: Never, timeout: 1m}\n", with_editor(patient=True), tmp_path, scale=0.001
    )
    assert "0.01 s passed" in ran.end.message or "not found" in ran.end.message


async def test_a_secret_is_in_no_event_and_no_frame_of_the_step_that_uses_it(tmp_path: Path) -> None:
    ran = await run(
        "vars: {password: {default: hunter2, secret: true}}\n"
        'setup:\n  - launch: editor\nsteps:\n  - type: "${password}"\n  - bash: echo ${password}\n'
        '  - expect: "${password} is not shown"\n',
        with_editor(),
        tmp_path,
    )
    assert "hunter2" not in "".join(event.model_dump_json() for event in ran.events)
    assert "echo •••" in "".join(event.model_dump_json() for event in ran.events)
    assert ran.statuses["steps.3"] == "failed"
    assert {frame.step for frame in ran.events if frame.kind == "frame_captured"} == {"setup.1"}
    assert any(isinstance(action, TypeText) and action.text == "hunter2" for action in ran.desktop.guest.done)


async def test_a_sandbox_that_does_not_start_is_an_infrastructure_problem(tmp_path: Path) -> None:
    @asynccontextmanager
    async def broken(flow: Flow) -> AsyncIterator[Opened]:
        if flow.steps:
            raise StartFailed("display", "no X server")
        yield Opened(FakeDesktop())

    events: list[Event] = []
    verdict = await run_flow(
        loads(f"{HEAD}steps:\n  - press: a\ncleanup:\n  - press: b\n"), broken, events.append, files=tmp_path
    )
    assert verdict.outcome == "infrastructure"
    assert "no X server" in verdict.message
    assert [event.status for event in events if isinstance(event, StepFinished)] == ["skipped", "skipped"]
    assert not any(isinstance(event, SandboxStarted) for event in events)


async def test_a_sandbox_that_is_lost_on_the_way_is_an_infrastructure_problem(tmp_path: Path) -> None:
    desktop = with_editor()

    async def lost(_: Action) -> None:
        raise SandboxLost("it answers no more")

    desktop.guest.hook = lost
    ran = await run("steps:\n  - press: a\n  - press: b\n", desktop, tmp_path)
    assert (ran.verdict.outcome, ran.verdict.message) == ("infrastructure", "it answers no more")
    assert ran.statuses == {"steps.1": "failed", "steps.2": "skipped"}


async def test_a_cleanup_runs_to_its_end_on_a_sandbox_that_has_its_own_trouble(tmp_path: Path) -> None:
    desktop = with_editor()

    async def broken(_: Action) -> None:
        raise Refused(ErrorCode.DISPLAY_LOST, "the X server ended")

    desktop.guest.hook = broken
    ran = await run("steps:\n  - {press: a, optional: true}\ncleanup:\n  - press: b\n  - press: c\n", desktop, tmp_path)
    assert (ran.verdict.outcome, ran.verdict.step) == ("infrastructure", "steps.1")
    assert ran.statuses == dict.fromkeys(["steps.1", "cleanup.1", "cleanup.2"], "failed")


async def test_what_goes_wrong_in_the_desktop_is_the_failure_of_the_step(tmp_path: Path) -> None:
    desktop = with_editor()

    async def refuse(_: Action) -> None:
        raise Refused(ErrorCode.UNTYPABLE, "no key gives that")

    desktop.guest.hook = refuse
    ran = await run("steps:\n  - type: x\n", desktop, tmp_path)
    assert (ran.verdict.outcome, ran.failure) == ("failed", "no key gives that")


class Interrupted:
    """A flow that is cancelled as soon as a step begins."""

    def __init__(self, source: str, tmp_path: Path, *at: str) -> None:
        self.ran = Ran(with_editor(patient=True))
        self._at = set(at)
        self._task = asyncio.ensure_future(
            run_flow(loads(HEAD + source), opening(self.ran.desktop), self.take, files=tmp_path)
        )

    def take(self, event: Event) -> None:
        self.ran.events.append(event)
        if isinstance(event, StepStarted) and event.step in self._at:
            self._task.cancel()

    async def end(self) -> Ran:
        with pytest.raises(asyncio.CancelledError):
            await self._task
        return self.ran


TWO = """\
steps:
  - {expect: Never, timeout: 1m}
  - press: a
cleanup:
  - {expect: Never, timeout: 300ms}
  - press: b
"""


async def test_an_interruption_runs_the_cleanup_and_then_goes_on(tmp_path: Path) -> None:
    ran = await Interrupted(TWO, tmp_path, "steps.1").end()
    assert ran.statuses == {
        "steps.1": "interrupted",
        "steps.2": "skipped",
        "cleanup.1": "failed",
        "cleanup.2": "passed",
    }
    assert ran.end.outcome == "interrupted"
    assert (ran.end.message, ran.end.step) == ("during expect 'Never'", "steps.1")


async def test_a_second_interruption_ends_the_cleanup(tmp_path: Path) -> None:
    ran = await Interrupted(TWO, tmp_path, "steps.1", "cleanup.1").end()
    assert ran.statuses["cleanup.1"] == "interrupted"
    assert ran.statuses["cleanup.2"] == "skipped"


async def test_a_first_interruption_during_the_cleanup_lets_it_run_to_its_end(tmp_path: Path) -> None:
    ran = await Interrupted(TWO.replace("1m", "100ms"), tmp_path, "cleanup.1").end()
    assert ran.statuses["cleanup.2"] == "passed"
    assert ran.end.outcome == "interrupted"
