"""Whether a picture is what was asked for: what a reply says of it, and what its own header says."""

from __future__ import annotations

import io

from harness.errors import WireMismatch
from sandbox_image.wire import Answer, Picture, PictureInfo


def check(asked: Picture | None, answer: Answer) -> None:
    """Raise WireMismatch where the picture that came is not the one asked for; none is right where the work failed."""
    info = answer.reply.picture
    if asked and asked.only_changes:
        asked = _of_changes(asked, answer)
    if info is None:
        if asked and not answer.reply.failure:
            raise WireMismatch("a picture was asked for and none came back")
        return
    if asked is None:
        raise WireMismatch("a picture came back and none was asked for")
    check_picture(asked, info, answer.picture)


def check_picture(asked: Picture, info: PictureInfo, data: bytes) -> None:
    """Raise WireMismatch where this one is not the picture asked for."""
    expected = asked.size or info.region.size
    if info.size != expected:
        raise WireMismatch(f"a picture of {expected!r} was asked for; {info.size!r} came back")
    if asked.region and asked.region != info.region:
        raise WireMismatch(f"a picture of the region {asked.region!r} was asked for; {info.region!r} came back")
    if asked.format not in {"auto", info.format}:
        raise WireMismatch(f"a {asked.format} was asked for; a {info.format} came back")
    _check_header(info, data)


def _of_changes(asked: Picture, answer: Answer) -> Picture | None:
    """The picture that the effect told makes it: the box that changed, within the region; None for none at all."""
    box = answer.reply.effect and answer.reply.effect.box
    if box and asked.region:
        box = box.clipped(asked.region)
    return asked.model_copy(update={"region": box}) if box else None


def _check_header(info: PictureInfo, data: bytes) -> None:
    from PIL import Image  # noqa: PLC0415 - a harness that asks for no picture does not load it

    announced = info.format.upper()
    try:
        with Image.open(io.BytesIO(data), formats=[announced]) as image:
            width, height = image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise WireMismatch(f"the picture is announced as {announced} and is none: {error}") from None
    if (width, height) != (info.size.width, info.size.height):
        raise WireMismatch(f"the picture is announced as {info.size!r} and is {width}x{height}")
