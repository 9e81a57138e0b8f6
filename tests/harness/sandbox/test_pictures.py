"""A picture is believed only where its description and its header say what was asked for."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from PIL import Image

from harness.errors import WireMismatch
from harness.sandbox.pictures import check
from sandbox_image.wire import Answer, ErrorCode, Failure, Picture, PictureInfo, Region, Reply, Size

WHOLE = Region(x=0, y=0, width=40, height=30)


def answer(
    size: Size = WHOLE.size,
    kind: Literal["png", "jpeg"] = "png",
    *,
    real: tuple[int, int] | None = None,
    region: Region = WHOLE,
) -> Answer:
    out = io.BytesIO()
    Image.new("RGB", real or (size.width, size.height)).save(out, kind.upper())
    info = PictureInfo(region=region, size=size, format=kind, length=len(out.getvalue()))
    return Answer(Reply(id="12345678", picture=info, took_ms=1), out.getvalue())


def without(failure: Failure | None = None) -> Answer:
    return Answer(Reply(id="12345678", failure=failure, took_ms=1), b"")


SMALL = Size(width=20, height=15)


@pytest.mark.parametrize(
    ("asked", "came"),
    [
        (Picture(), answer()),
        (Picture(), answer(kind="jpeg")),
        (Picture(format="jpeg", size=SMALL), answer(SMALL, "jpeg")),
        (Picture(region=WHOLE), answer()),
        (Picture(), without(Failure(code=ErrorCode.DEADLINE, message="late"))),
        (None, without()),
    ],
)
def test_what_was_asked_for_is_taken(asked: Picture | None, came: Answer) -> None:
    check(asked, came)


@pytest.mark.parametrize(
    ("asked", "came", "message"),
    [
        (Picture(), without(), "none came back"),
        (None, answer(), "none was asked for"),
        (Picture(size=SMALL), answer(), "width=20"),
        (Picture(), answer(SMALL), "width=40"),
        (Picture(region=WHOLE), answer(region=Region(x=1, y=0, width=40, height=30)), "region"),
        (Picture(format="png"), answer(kind="jpeg"), "a png was asked for"),
        (Picture(), answer(real=(41, 30)), "is 41x30"),
        (Picture(), Answer(answer().reply, b"x" * 100), "is none"),
        (Picture(), Answer(answer().reply, answer(kind="jpeg").picture), "is none"),
        (Picture(), Answer(answer().reply, answer().picture[:20]), "is none"),
    ],
)
def test_what_was_not_asked_for_is_a_mismatch(asked: Picture | None, came: Answer, message: str) -> None:
    with pytest.raises(WireMismatch, match=message):
        check(asked, came)
