"""Whether a picture is what was asked for: what a reply says of it, and what its own header says."""

from __future__ import annotations

import io

from harness.errors import WireMismatch
from sandbox_image.wire import Answer, Picture, PictureInfo


def check(asked: Picture | None, answer: Answer) -> None:
    """Raise WireMismatch where the picture that came is not the one asked for; none is right where the work failed."""
    info = answer.reply.picture
    if info is None:
        if asked and not answer.reply.failure:
            raise WireMismatch("a picture was asked for and none came back")
        return
    if asked is None:
        raise WireMismatch("a picture came back and none was asked for")
    _check_announced(asked, info)
    _check_header(info, answer.picture)


def _check_announced(asked: Picture, info: PictureInfo) -> None:
    expected = asked.size or info.region.size
    if info.size != expected:
        raise WireMismatch(f"a picture of {expected!r} was asked for; {info.size!r} came back")
    if asked.region and asked.region != info.region:
        raise WireMismatch(f"a picture of the region {asked.region!r} was asked for; {info.region!r} came back")
    if asked.format not in {"auto", info.format}:
        raise WireMismatch(f"a {asked.format} was asked for; a {info.format} came back")


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
