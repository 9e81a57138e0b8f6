from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.agent import Failed, Finished, LimitReached, Outcome, Refused, Stopped, Stuck, Task
from harness.agent.errand import Done, Errand
from harness.cli.folders import made
from harness.cli.task import Work, code
from harness.errors import (
    BadAnswer,
    EngineError,
    FileFailed,
    HarnessError,
    ModelError,
    NotAllowed,
    SandboxLost,
    UsageError,
)
from harness.record.conversation import exchanges
from harness.sandbox.life import Running
from harness.sandbox.ownership import Folder
from harness.sandbox.registry import Record
from harness.testing import FakeDesktop

LOOKS = "- say: I look.\n  do: [{bash: {command: echo hi}}]\n- say: It said hi.\n"


@asynccontextmanager
async def sandbox(desktop: FakeDesktop, root: Path) -> AsyncIterator[Running]:
    with Folder.create(root) as folder:
        record = Record(
            id=folder.id,
            container="box",
            image="image",
            screen=desktop.screen,
            socket=root / "socket",
            pid=os.getpid(),
            created=0.0,
        )
        yield Running(record, desktop, folder, asyncio.Event())


@pytest.fixture
def work(tmp_path: Path) -> Callable[..., Work]:
    """Work on a task for a model that plays a script."""

    def begin(script: str, *collect: str) -> Work:
        (tmp_path / "script.yaml").write_text(script)
        task = Task("say hi", model=f"scripted:{tmp_path / 'script.yaml'}")
        console = Console(file=io.StringIO(), width=120)
        return Work(Errand(task, collect=collect), made(tmp_path / "runs", "say hi"), console)

    return begin


def shown(work: Work) -> str:
    assert isinstance(work.console.file, io.StringIO)
    return work.console.file.getvalue()


async def test_a_task_leaves_a_folder_a_report_and_what_it_came_to(work: Callable[..., Work], tmp_path: Path) -> None:
    begun = work(LOOKS)
    assert await begun.run(sandbox(FakeDesktop(), tmp_path)) == 0
    folder = Path(str(begun.told["folder"]))
    assert (folder / "report.html").is_file()
    told = json.loads((folder / "run.json").read_text())
    assert (told["outcome"], told["message"], told["turns"]) == ("finished", "It said hi.", 2)
    assert begun.told["outcome"] == "finished"
    assert [one.turn is not None for one in exchanges(folder)] == [True, True]
    assert "It said hi." in shown(begun)


async def test_what_is_collected_lies_in_the_folder_and_what_is_not_there_makes_it_a_failure(
    work: Callable[..., Work], tmp_path: Path
) -> None:
    desktop = FakeDesktop(files={"list.txt": b"milk"})
    begun = work(LOOKS, "list.txt")
    assert await begun.run(sandbox(desktop, tmp_path)) == 0
    assert (Path(str(begun.told["folder"])) / "files" / "list.txt").read_bytes() == b"milk"
    begun = work(LOOKS, "none.txt")
    assert await begun.run(sandbox(desktop, tmp_path)) == 1
    assert "none.txt could not be collected" in shown(begun)


@pytest.mark.parametrize(("which", "result"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_a_task_with_an_outcome_and_what_is_to_be_collected(
    work: Callable[..., Work], tmp_path: Path, which: signal.Signals, result: int
) -> None:
    clicked = asyncio.Event()

    async def note(_: object) -> None:
        clicked.set()

    begun = work("- do: [{left_click: }, {wait: {duration: 300}}]", "list.txt")
    desktop = FakeDesktop(files={"list.txt": b"milk"})
    desktop.guest.hook = note
    running = asyncio.create_task(begun.run(sandbox(desktop, tmp_path)))
    await clicked.wait()
    os.kill(os.getpid(), which)
    assert await running == result
    folder = Path(str(begun.told["folder"]))
    assert (begun.told["outcome"], begun.told["message"]) == ("stopped", f"stopped by {which.name}")
    assert (folder / "files" / "list.txt").is_file()
    assert (folder / "report.html").is_file()


async def test_that_a_sandbox_starts_is_shown(work: Callable[..., Work], tmp_path: Path) -> None:
    begun, seen = work(LOOKS), ""

    @asynccontextmanager
    async def slow() -> AsyncIterator[Running]:
        nonlocal seen
        seen = shown(begun)
        async with sandbox(FakeDesktop(), tmp_path) as running:
            yield running

    begun.console = Console(file=io.StringIO(), width=120, force_terminal=True)
    assert await begun.run(slow()) == 0
    assert "starting a sandbox" in seen


async def test_where_a_file_cannot_be_put_that_is_told_and_there_is_no_report(
    work: Callable[..., Work], tmp_path: Path
) -> None:
    begun = work(LOOKS)
    begun.errand = replace(begun.errand, put=[(tmp_path / "script.yaml", "/")])
    with pytest.raises(FileFailed):
        await begun.run(sandbox(FakeDesktop(), tmp_path))
    assert begun.told["outcome"] == "unfinished"
    assert "report" not in begun.told


async def test_of_a_task_that_had_ended_only_the_rest_is_collected(work: Callable[..., Work], tmp_path: Path) -> None:
    begun = work(LOOKS, "none.txt")
    assert await begun.run(sandbox(FakeDesktop(), tmp_path)) == 1
    again = replace(begun, ended=True)
    assert await again.run(sandbox(FakeDesktop(files={"none.txt": b"late"}), tmp_path)) == 0
    assert (again.told["outcome"], again.told["turns"], again.told["files"]) == ("finished", 2, ["none.txt"])
    assert (begun.folder.files / "none.txt").read_bytes() == b"late"


async def test_a_disk_that_is_full_is_told_with_the_folder(work: Callable[..., Work], tmp_path: Path) -> None:
    begun = work(LOOKS)
    (begun.folder.path / ".run.json.part").symlink_to("/dev/full")
    with pytest.raises(HarnessError, match=f"{begun.folder.path}: the disk is full"):
        await begun.run(sandbox(FakeDesktop(), tmp_path))


async def test_a_second_signal_ends_it_at_once(work: Callable[..., Work]) -> None:
    stuck = asyncio.Event()

    class Never(AbstractAsyncContextManager[Running]):
        async def __aenter__(self) -> Running:
            stuck.set()
            await asyncio.Event().wait()
            raise AssertionError("an event that nobody sets")

        async def __aexit__(self, *_: object) -> None:
            """Nothing was opened."""

    running = asyncio.create_task(work(LOOKS).run(Never()))
    await stuck.wait()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
    assert await running == 130


async def test_a_signal_after_the_end_changes_nothing_of_it(work: Callable[..., Work], tmp_path: Path) -> None:
    @asynccontextmanager
    async def struck() -> AsyncIterator[Running]:
        async with sandbox(FakeDesktop(), tmp_path) as running:
            yield running
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)

    assert await work(LOOKS).run(struck()) == 0


async def test_where_the_sandbox_does_not_come_no_folder_stays(work: Callable[..., Work]) -> None:
    class Missing(AbstractAsyncContextManager[Running]):
        async def __aenter__(self) -> Running:
            raise EngineError("no engine answers")

        async def __aexit__(self, *_: object) -> None:
            """Nothing was opened."""

    begun = work(LOOKS)
    with pytest.raises(EngineError):
        await begun.run(Missing())
    assert not begun.folder.path.exists()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Finished("done"), 0),
        (LimitReached("steps", "100"), 1),
        (Refused(None, "no"), 1),
        (Stuck("again"), 1),
        (Stopped(), 130),
        (Failed(BadAnswer("odd", "body")), 1),
        (Failed(NotAllowed("a wrong key")), 2),
        (Failed(UsageError("cannot be")), 2),
        (Failed(ModelError("no answer")), 3),
        (Failed(SandboxLost("gone")), 3),
    ],
)
def test_each_outcome_has_its_exit_code(outcome: Outcome, expected: int) -> None:
    assert code(Done(outcome)) == expected


def test_a_task_that_left_out_a_file_has_not_done_what_was_asked() -> None:
    assert code(Done(Finished("done"), ("list.txt could not be collected",))) == 1
