from __future__ import annotations

from pathlib import Path

import pytest

from harness.collected import free_path


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    files = tmp_path / "files"
    for expected in ("a.png", "a-2.png", "a-3.png"):
        path = free_path(files, "a.png")
        assert path == files / expected
        path.touch()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("/home/user/list.txt", "list.txt"),
        ("work/", "work"),
        ("..", "collected"),
        ("/", "collected"),
        ("a/..", "collected"),
    ],
)
def test_a_path_is_collected_under_its_last_name_and_never_leads_out(tmp_path: Path, name: str, safe: str) -> None:
    assert free_path(tmp_path, name) == tmp_path / safe
