"""Pictures of a conversation made smaller, where the API takes no larger ones."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from harness.geometry import fit
from sandbox_image.wire import Size

if TYPE_CHECKING:
    from harness.model.transcript import Transcript
    from harness.tools.call import Json


def shrink(transcript: Transcript, was: Size, now: Size) -> None:
    """Scale all pictures of the screen, which had the one size, to the other; and others that are larger to fit it."""
    transcript.replace_pictures(lambda picture: _shrunk(picture, was, now))


def _shrunk(picture: Json, was: Size, now: Size) -> Json:
    from PIL import Image  # noqa: PLC0415 - hardly ever needed

    source = picture["source"]
    if not isinstance(source, dict) or source.get("type") != "base64":
        return picture
    with Image.open(io.BytesIO(base64.b64decode(str(source["data"])))) as image:
        size = Size(width=image.width, height=image.height)
        target = now if size == was else fit(size, now)
        if target == size:
            return picture
        out = io.BytesIO()
        smaller = image.convert("RGB").resize((target.width, target.height), Image.Resampling.LANCZOS)
        smaller.save(out, image.format or "PNG")
    return {**picture, "source": {**source, "data": base64.b64encode(out.getvalue()).decode()}}
