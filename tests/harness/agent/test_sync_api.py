from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import agent
from harness.agent import Finished, People, Rule, Stopped, Task, sync_api
from harness.agent.sync_api import run_task, start_task
from harness.errors import UsageError
from harness.events import Called, Event, TaskFinished, TaskStarted
from harness.testing import FakeDesktop
from harness.testing.sync_api import fake_desktop
from harness.tools.call import Call

LOOKS = "- do: [{bash: {command: echo hi}}]\n- say: It said hi.\n"


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Task]:
    """A task for a model that plays a script."""

    def task(text: str, *rules: Rule) -> Task:
        (tmp_path / "script.yaml").write_text(text)
        return Task("look", model=f"scripted:{tmp_path / 'script.yaml'}", rules=rules)

    return task


def test_a_task_is_done_while_the_caller_waits(script: Callable[..., Task]) -> None:
    events: list[Event] = []
    with fake_desktop() as desktop:
        assert run_task(script(LOOKS), desktop, events.append) == Finished("It said hi.")
    assert isinstance(events[-1], TaskFinished)


def test_a_task_is_followed_and_stopped(script: Callable[..., Task]) -> None:
    with fake_desktop() as desktop, start_task(script("- do: [{wait: {duration: 300}}]"), desktop) as run:
        for event in run.events():
            if isinstance(event, Called):
                run.stop("enough")
        assert run.outcome() == Stopped("enough")


def test_a_plain_function_approves_in_a_thread_of_its_own(script: Callable[..., Task]) -> None:
    asked: list[tuple[Call, threading.Thread]] = []

    def approve(call: Call, _: Rule) -> bool:
        asked.append((call, threading.current_thread()))
        return True

    with fake_desktop() as desktop:
        task = script(LOOKS, Rule(then="ask", tool="bash"))
        assert run_task(task, desktop, people=People(approve=approve)) == Finished("It said hi.")
    assert [(call.name, thread is threading.main_thread()) for call, thread in asked] == [("bash", False)]


def test_what_cannot_begin_is_raised(tmp_path: Path) -> None:
    with fake_desktop() as desktop, pytest.raises(UsageError, match="cannot be read as a script"):
        run_task(Task("look", model=f"scripted:{tmp_path}/none.yaml"), desktop)


def test_leaving_the_block_stops_the_task(script: Callable[..., Task]) -> None:
    with fake_desktop() as desktop:
        with start_task(script("- do: [{wait: {duration: 300}}]"), desktop) as run:
            assert isinstance(next(iter(run.events())), TaskStarted)
        assert isinstance(run.outcome(), Stopped)


@pytest.mark.parametrize("name", sync_api.__all__)
def test_each_twin_has_the_names_of_its_asynchronous_one(name: str) -> None:
    ours, theirs = getattr(sync_api, name), getattr(agent, name)
    assert ours.__doc__.partition(",")[0].partition(".")[0] in theirs.__doc__
    if inspect.isclass(ours):
        assert {n for n in vars(ours) if n[0] != "_"} == {n for n in vars(theirs) if n[0] != "_"}
    else:
        inner = {"around", "earlier"}  # for what writes runs down and goes on with them
        assert set(inspect.signature(ours).parameters) == set(inspect.signature(theirs).parameters) - inner


def test_a_desktop_of_the_other_kind_is_told() -> None:
    other: Any = FakeDesktop()
    with pytest.raises(UsageError, match=r"a desktop of harness\.sync_api\.sandbox\(\) is needed here"):
        run_task("look", other)
