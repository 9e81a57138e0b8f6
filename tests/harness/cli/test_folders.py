from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli.folders import finished, made
from harness.cli.show_task import ShowTask
from harness.errors import UsageError
from harness.events import TaskStarted
from sandbox_image.wire import Size

SIZE = Size(width=1280, height=800)


def test_a_place_for_runs_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UsageError, match="no folder can be made there"):
        made(tmp_path / "taken", "look")


def test_a_run_that_was_cut_off_has_a_report_as_well(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    with made(tmp_path, "look") as folder:
        folder(TaskStarted(task="look", model="m", screen=SIZE, shown=SIZE, version="1"))
    told = finished(folder, ShowTask(console))
    assert (told["outcome"], told["folder"]) == ("unfinished", str(folder.path))
    assert Path(str(told["report"])).is_file()
    assert isinstance(console.file, io.StringIO)
    assert str(told["report"]) in console.file.getvalue()
