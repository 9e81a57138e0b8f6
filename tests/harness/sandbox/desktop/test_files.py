"""Files, at the desktop in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import (
    FileFailed,
    UsageError,
)
from tests.support.desktops import fake


async def test_files_go_in_and_out(tmp_path: Path) -> None:
    desktop = fake()
    (tmp_path / "source").write_bytes(b"content")
    await desktop.put(tmp_path / "source", "folder/a")
    await desktop.put(b"bytes", "folder/b")
    await desktop.get("folder/a", tmp_path / "new" / "a")
    await desktop.get("folder", tmp_path / "folder")
    assert (tmp_path / "new" / "a").read_bytes() == await desktop.read("folder/a") == b"content"
    assert (tmp_path / "folder" / "b").read_bytes() == b"bytes"


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda desktop: desktop.read("none"), FileFailed),
        (lambda desktop: desktop.read(""), UsageError),
        (lambda desktop: desktop.put(b"", "x", mode=0o7777), UsageError),
        (lambda desktop: desktop.put(Path(__file__).parent, "x", mode=0o700), UsageError),
        (lambda desktop: desktop.put("/nowhere/at/all", "x"), UsageError),
        (lambda desktop: desktop.ls("none"), FileFailed),
        (lambda desktop: desktop.ls("~", limit=0), UsageError),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_its_class(attempt: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await attempt(fake())  # type: ignore[operator] # a lambda over Desktop
