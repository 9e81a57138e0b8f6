from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_image.program_log import FULL, KEPT, Log, Pipe, adopt


async def until_gone(folder: Path, name: str) -> None:
    """Give the event loop its turns until a file is gone."""
    while name in names(folder):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(st.lists(st.integers(1, 3 * KEPT), max_size=6), st.integers(1000, KEPT))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_both_ends_are_kept_and_what_is_gone_is_counted(tmp_path: Path, sizes: list[int], limit: int) -> None:
    path = tmp_path / "some.log"
    path.unlink(missing_ok=True)
    log = Log(path)
    whole = bytearray()
    for number, size in enumerate(sizes):
        piece = bytes([ord("a") + number]) * size
        log.write(piece)
        whole += piece
    told = log.read(limit)
    log.close()
    assert path.stat().st_size <= FULL + 3 * KEPT
    if len(whole) <= limit:
        assert told == whole
        return
    first, _, rest = told.partition(b"\n[... ")
    gone, _, last = rest.partition(b" bytes of output left out ...]\n")
    assert whole.startswith(first)
    assert whole.endswith(last)
    assert (len(first), len(last)) == (limit // 2, limit - limit // 2)
    assert len(first) + int(gone) + len(last) == len(whole)


def test_the_file_itself_is_text_that_says_what_is_gone(tmp_path: Path) -> None:
    log = Log(tmp_path / "some.log")
    log.write(b"a" * FULL)
    log.write(b"b")
    log.write(b"c")
    log.close()
    notice = f"\n[... {FULL + 1 - 2 * KEPT} bytes of output left out ...]\n".encode()
    assert log.path.read_bytes() == b"a" * KEPT + notice + b"a" * (KEPT - 1) + b"bc"


def test_a_log_that_is_there_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "some.log"
    for text in (b"one ", b"two"):
        log = Log(path)
        log.write(text)
        assert log.read(1000).endswith(text)
        log.close()
    assert path.read_bytes() == b"one two"


def test_a_full_disk_is_no_error() -> None:
    log = Log(Path("/dev/full"))
    log.write(b"text")
    log.close()


async def test_what_is_written_into_the_pipe_is_in_the_log_and_then_the_pipe_goes(tmp_path: Path) -> None:
    log = Log(tmp_path / "some.log")
    pipe = Pipe.new(log)
    writer = pipe.writer()
    os.write(writer, b"early ")
    pipe.drain()
    assert log.read(1000) == b"early "
    os.write(writer, b"late")
    os.close(writer)
    await asyncio.wait_for(until_gone(tmp_path, "some.pipe"), 20)
    assert log.read(1000) == b"early late"
    assert names(tmp_path) == ["some.log"]
    log.close()


async def test_pipes_that_were_left_are_read_on_and_names_that_are_none_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "none.pipe").write_text("a file")
    (tmp_path / "away.pipe").symlink_to(tmp_path / "nowhere")
    for name in ("ended", "running"):
        os.mkfifo(tmp_path / f"{name}.pipe")
    (tmp_path / "running.log").write_bytes(b"before ")
    writer = os.open(tmp_path / "running.pipe", os.O_RDWR)
    os.write(writer, b"after")
    adopt(tmp_path)
    os.close(writer)
    await asyncio.wait_for(until_gone(tmp_path, "running.pipe"), 20)
    assert (tmp_path / "running.log").read_bytes() == b"before after"
    assert names(tmp_path) == ["away.pipe", "ended.log", "none.pipe", "running.log"]


async def test_a_program_writes_on_where_nobody_reads_any_more(tmp_path: Path) -> None:
    log = Log(tmp_path / "some.log")
    pipe = Pipe.new(log)
    writer = pipe.writer()
    pipe.close()
    assert os.write(writer, b"to nobody") == 9
    os.close(writer)
    log.close()


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "some.log").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        Log(tmp_path / "some.log")
