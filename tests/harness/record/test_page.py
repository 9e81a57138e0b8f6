from __future__ import annotations

from pathlib import Path

from harness.events import FileCollected, SandboxStarted
from harness.record.disk import keep_frame
from harness.record.page import Page
from tests.support.tasks import frame


def test_pictures_that_are_there_are_shown_by_a_path_beside_the_page(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    here, gone = frame("a"), frame("b", "red")
    keep_frame(tmp_path, here.data, "png")
    page = Page(run_folder=tmp_path)
    for event in (here, gone):
        page.take(event)
    assert page.paths == {here.frame: f"frames/{here.frame}.png"}
    assert page.frames == {here.frame: here}


def test_the_sandbox_and_what_was_collected_are_shown(tmp_path: Path) -> None:
    page = Page(run_folder=tmp_path)
    started, file = SandboxStarted(seconds=1), FileCollected(source="/a", name="a")
    page.take(started)
    page.take(file)
    assert (page.sandbox, page.files) == (started, [file])
