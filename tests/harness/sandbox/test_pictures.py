"""A picture is believed only where its description and its header say what was asked for."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from harness.errors import WireMismatch
from harness.sandbox.pictures import check
from sandbox_image.wire import (
    Answer,
    Effect,
    ErrorCode,
    Failure,
    Picture,
    PictureFormat,
    PictureInfo,
    Region,
    Reply,
    Size,
)

WHOLE = Region(x=0, y=0, width=40, height=30)


def answer(
    size: Size = WHOLE.size,
    kind: PictureFormat = "png",
    *,
    real: tuple[int, int] | None = None,
    region: Region = WHOLE,
    changed: Region | None = None,
) -> Answer:
    out = io.BytesIO()
    Image.new("RGB", real or (size.width, size.height)).save(out, kind.upper())
    info = PictureInfo(region=region, size=size, format=kind, length=len(out.getvalue()))
    reply = Reply(id="12345678", picture=info, effect=effect(changed) if changed else None, took_ms=1)
    return Answer(reply, out.getvalue())


def effect(changed: Region | None) -> Effect:
    return Effect(changed=changed is not None, box=changed, share=0, still=True, waited_ms=1)


def without(failure: Failure | None = None, *, changed: Region | None = None) -> Answer:
    return Answer(Reply(id="12345678", failure=failure, effect=effect(changed), took_ms=1), b"")


PART, BESIDE = Region(x=5, y=6, width=7, height=8), Region(x=12, y=6, width=7, height=8)
CHANGES = Picture(only_changes=True)
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
        (Picture(format="webp"), answer(kind="webp")),
        (CHANGES, answer(PART.size, region=PART, changed=PART)),
        (CHANGES, without()),
        (Picture(only_changes=True, region=WHOLE), answer(PART.size, region=PART, changed=PART)),
        (Picture(only_changes=True, region=BESIDE), without(changed=PART)),
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
        (CHANGES, answer(PART.size, region=PART), "none was asked for"),
        (CHANGES, answer(PART.size, region=PART, changed=WHOLE), "region"),
        (CHANGES, without(changed=PART), "none came back"),
        (Picture(only_changes=True, region=BESIDE), answer(PART.size, region=PART, changed=PART), "none was asked for"),
        (Picture(), answer(real=(41, 30)), "is 41x30"),
        (Picture(), Answer(answer().reply, b"x" * 100), "is none"),
        (Picture(), Answer(answer().reply, answer(kind="jpeg").picture), "is none"),
        (Picture(), Answer(answer().reply, answer().picture[:20]), "is none"),
    ],
)
def test_what_was_not_asked_for_is_a_mismatch(asked: Picture | None, came: Answer, message: str) -> None:
    with pytest.raises(WireMismatch, match=message):
        check(asked, came)
