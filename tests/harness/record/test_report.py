"""What is the same for all reports; what is in them is in `test_report_flow.py` and `test_report_task.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.events import RunStarted, SandboxStarted
from harness.record.folder import RunFolder
from harness.record.report import write_report
from sandbox_image.wire import Size
from tests.support.tasks import STARTED, task

FLOW = RunStarted(
    name="a flow", file="a.yaml", source="x", tags=(), screen=Size(width=8, height=6), version="1", steps=()
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.new(tmp_path, "a")


def test_a_report_is_there_whole_or_as_it_was(folder: RunFolder) -> None:
    with folder:
        folder(STARTED)
        path = write_report(folder.path)
        before = folder.path / "before.html"
        before.hardlink_to(path)  # stays what it is where the report is replaced, and changes where it is written over
        text = path.read_text()
        for event in task():
            folder(event)
    assert write_report(folder.path) == path
    assert path.read_text() != text
    assert before.read_text() == text


@pytest.mark.parametrize(("started", "told"), [(FLOW, "<h2>Flow</h2>"), (STARTED, "model <b>claude-sonnet-5-5</b>")])
def test_each_kind_of_run_has_its_report(folder: RunFolder, started: RunStarted, told: str) -> None:
    with folder:
        folder(SandboxStarted(seconds=1))  # may come first
        folder(started)
    assert told in write_report(folder.path).read_text()


def test_a_folder_without_a_run_is_refused(folder: RunFolder) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        write_report(folder.path)
    with folder:
        folder(SandboxStarted(seconds=1))
    with pytest.raises(ValueError, match="holds no run"):
        write_report(folder.path)
