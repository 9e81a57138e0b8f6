from __future__ import annotations

from pathlib import Path

import pytest

from harness.agent import Finished, Task
from harness.agent.errand import Done, Errand, placed, run_errand
from harness.errors import UsageError
from harness.events import Event, FileCollected, TaskFinished, TaskStarted
from harness.testing import FakeDesktop


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "script.yaml").write_text("- do: [{bash: {command: cat list.txt}}]\n- say: Read.\n")
    return Task("read", model=f"scripted:{tmp_path / 'script.yaml'}")


async def test_files_go_in_before_and_come_out_after(task: Task, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("milk")
    events: list[Event] = []
    desktop = FakeDesktop()
    errand = Errand(task, put=[(tmp_path / "list.txt", "work/list.txt")], collect=["work/list.txt"])
    done = await run_errand(errand, desktop, events.append, tmp_path / "files")
    assert done == Done(Finished("Read."))
    assert (tmp_path / "files" / "list.txt").read_text() == "milk"
    assert isinstance(events[0], TaskStarted)
    assert [(event.source, event.name) for event in events if isinstance(event, FileCollected)] == [
        ("work/list.txt", "list.txt")
    ]


async def test_what_cannot_be_collected_is_told_and_keeps_nothing_else_back(task: Task, tmp_path: Path) -> None:
    desktop, errand = FakeDesktop(files={"there.txt": b"x"}), Errand(task, collect=["none.txt", "there.txt"])
    done = await run_errand(errand, desktop, lambda _: None, tmp_path / "files")
    assert done.outcome == Finished("Read.")
    assert len(done.missing) == 1
    assert done.missing[0].startswith("none.txt could not be collected: ")
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["there.txt"]


async def test_a_file_that_cannot_be_put_is_an_error_before_the_task(task: Task, tmp_path: Path) -> None:
    events: list[Event] = []
    with pytest.raises(UsageError):
        await run_errand(Errand(task, put=[(tmp_path / "none", "none")]), FakeDesktop(), events.append, tmp_path)
    assert [event for event in events if isinstance(event, TaskStarted | TaskFinished)] == []


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("{}/a.txt", "a.txt"),
        ("{}/a.txt:work/", "work/a.txt"),
        ("{}/a.txt:/opt/b.txt", "/opt/b.txt"),
        ("{}/with:colon", "with:colon"),
    ],
)
def test_a_file_goes_home_under_its_name_unless_told_otherwise(tmp_path: Path, given: str, place: str) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "with:colon").touch()
    source, where = placed(given.format(tmp_path))
    assert source.exists()
    assert where == place


def test_a_file_that_is_not_there_is_told_with_the_form_there_is() -> None:
    with pytest.raises(UsageError, match="does not exist; what is put is FILE or FILE:PLACE"):
        placed("none.txt:work/")
