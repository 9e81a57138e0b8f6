from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from harness.record.disk import Log, compact, frame_path, keep_frame, lines, write_whole


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_whole(path, b"one")
    before = tmp_path / "before"
    before.hardlink_to(path)
    write_whole(path, b"other")
    assert (path.read_bytes(), before.read_bytes()) == (b"other", b"one")
    assert {one.name for one in tmp_path.iterdir()} == {"run.json", "before"}


@pytest.mark.parametrize(("form", "suffix"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_a_picture_is_kept_once_under_its_hash(tmp_path: Path, form: str, suffix: str) -> None:
    (tmp_path / "frames").mkdir()
    frame = sha256(b"pixels").hexdigest()
    assert [keep_frame(tmp_path, b"pixels", form) for _ in range(2)] == [frame, frame]
    (path,) = (tmp_path / "frames").iterdir()
    assert path == frame_path(tmp_path, frame, form)
    assert path.suffix == f".{suffix}"


def test_half_a_pair_of_a_character_breaks_nothing() -> None:
    assert compact({"é": "\ud83d"}) == '{"é":"?"}'.encode()
    assert json.loads(compact("\ud83d", "surrogatepass")) == "\ud83d"


def test_a_log_is_on_disk_line_by_line_and_its_owners_alone(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    assert lines(log.path) == []
    assert not log.path.exists()
    for count in range(1, 4):
        log.write(b"line")
        assert lines(log.path) == [b"line"] * count
    log.close()
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_what_was_left_of_a_line_is_cut_off_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    assert lines(path) == [b"one", b"tw"]
    log = Log(path)
    log.write(b"three")
    log.close()
    assert path.read_bytes() == b"one\nthree\n"


def test_a_log_that_was_closed_goes_on(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    for line in (b"one", b"two"):
        log.write(line)
        log.close()
    assert lines(log.path) == [b"one", b"two"]
