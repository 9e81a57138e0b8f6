from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.agent import Finished, Stopped, Task, start_task
from harness.errors import UsageError
from harness.events import Answered, Called, TaskFinished, TaskStarted
from harness.testing import FakeDesktop

LOOKS = "- do: [{bash: {command: echo hi}}]\n- say: It said hi.\n"
WAITS = "- do: [{wait: {duration: 300}}]\n"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Task]:
    """A task for a model that plays a script."""

    def task(text: str) -> Task:
        (tmp_path / "script.yaml").write_text(text)
        return Task("look", model=f"scripted:{tmp_path / 'script.yaml'}")

    return task


async def test_a_task_is_followed_event_by_event(script: Callable[[str], Task]) -> None:
    async with start_task(script(LOOKS), FakeDesktop()) as run:
        kinds = [type(event) async for event in run.events()]
        assert (kinds[0], kinds[-1]) == (TaskStarted, TaskFinished)
        assert Answered in kinds
        assert [event async for event in run.events()] == []
        assert await run.outcome() == Finished("It said hi.")


async def test_a_task_ends_without_anybody_reading_its_events(script: Callable[[str], Task]) -> None:
    async with start_task(script(LOOKS), FakeDesktop()) as run:
        assert await run.outcome() == Finished("It said hi.")


async def test_a_task_is_stopped_from_outside(script: Callable[[str], Task]) -> None:
    async with start_task(script(WAITS), FakeDesktop()) as run:
        async for event in run.events():
            if isinstance(event, Called):
                run.stop("enough")
        assert await run.outcome() == Stopped("enough")


async def test_leaving_the_block_stops_the_task(script: Callable[[str], Task]) -> None:
    async with start_task(script(WAITS), FakeDesktop()) as run:
        first = await anext(run.events())
    assert isinstance(first, TaskStarted)
    assert isinstance(await run.outcome(), Stopped)
    assert [event async for event in run.events()][-1].kind == "task_finished"


async def test_what_cannot_begin_says_so_to_whoever_waits(tmp_path: Path) -> None:
    async with start_task(Task("look", model=f"scripted:{tmp_path}/none.yaml"), FakeDesktop()) as run:
        assert [event async for event in run.events()] == []
        with pytest.raises(UsageError, match="cannot be read as a script"):
            await run.outcome()
