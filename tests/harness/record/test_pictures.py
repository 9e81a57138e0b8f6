"""What becomes of pictures in whole conversations is in `test_conversation.py`."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import JsonValue

from harness.record.pictures import Pictures

DATA = base64.b64encode(b"pixels").decode()


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    (tmp_path / "frames").mkdir()
    return Pictures(tmp_path)


def source(data: JsonValue = DATA, media: JsonValue = "image/jpeg") -> JsonValue:
    return {"type": "base64", "media_type": media, "data": data}


def test_a_picture_is_a_file_and_comes_back(pictures: Pictures, tmp_path: Path) -> None:
    told = pictures.taken_out([{"source": source()}])
    (path,) = (tmp_path / "frames").iterdir()
    assert told == [{"source": {"type": "frame", "media_type": "image/jpeg", "frame": path.stem}}]
    assert (path.suffix, path.read_bytes()) == (".jpg", b"pixels")
    assert pictures.put_back(told) == [{"source": source()}]


@pytest.mark.parametrize(
    "value",
    [
        source("no base64!"),
        source(f"{DATA}\n"),
        source("QQ"),
        source("QR=="),  # another text for the same byte
        source(media="application/pdf"),
        source(media="image/../../png"),
        source(media=None),
        source(7),
        {"type": "base64", "media_type": "image/png"},
        {"type": "base64", "media_type": "image/png", "data": DATA, "more": 1},
    ],
)
def test_what_could_not_come_back_as_it_was_stays(pictures: Pictures, tmp_path: Path, value: JsonValue) -> None:
    assert pictures.taken_out(value) == value
    assert list((tmp_path / "frames").iterdir()) == []


@pytest.mark.parametrize(
    "value",
    [
        {"type": "frame"},
        {"type": "frame", "media_type": "image/png", "frame": "../../etc/passwd"},
        {"type": "frame", "literal": {"type": "frame", "literal": [source()]}},
    ],
)
def test_nothing_that_somebody_wrote_is_taken_for_a_picture(pictures: Pictures, value: JsonValue) -> None:
    assert pictures.put_back(pictures.taken_out(value)) == value


def test_a_picture_that_is_gone_is_empty(pictures: Pictures, tmp_path: Path) -> None:
    told = pictures.taken_out(source())
    next((tmp_path / "frames").iterdir()).unlink()
    assert pictures.put_back(told) == source("")


def test_a_picture_that_is_another_one_now_is_missing(pictures: Pictures, tmp_path: Path) -> None:
    told = pictures.taken_out(source())
    assert (pictures.put_back(told), pictures.missing) == (source(), False)
    next((tmp_path / "frames").iterdir()).write_bytes(b"another")
    assert (pictures.put_back(told), pictures.missing) == (source(""), True)


def test_what_lies_outside_the_folder_is_no_picture(pictures: Pictures, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir(exist_ok=True)
    (tmp_path / "key.png").write_bytes(b"secret")
    told: JsonValue = {"type": "frame", "media_type": "image/png", "frame": "../key"}
    assert pictures.put_back(told) == source("", "image/png")
    assert pictures.missing
