"""Secrets in pictures: boxes of the screen are painted over before a picture is kept, sent or shown.

OCR is no guarantee. It misreads, so text that looks much like a secret is covered as well. A field that hides what is
typed is what keeps a secret off the screen.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from math import ceil, floor

from PIL import Image, ImageDraw, ImageFont

from harness.geometry import Viewport
from harness.text import Pattern, find, fold, nearest
from sandbox_image.wire import Region, Word

PAD = 3
"""Pixels of the screen around a word: OCR's boxes are a little tight."""
_INK, _PAPER = "#d0d0d0", "#404040"


def secret_boxes(words: Sequence[Word], secrets: Iterable[str]) -> tuple[Region, ...]:
    """Boxes of the words that show a secret, or something that looks like one."""
    wanted = [Pattern(line) for secret in secrets for line in secret.splitlines() if fold(line)]
    within = [word.box for word in words for pattern in wanted if fold(pattern.source) in fold(word.text)]
    found = [match.box for pattern in wanted for match in (*find(words, pattern), *nearest(words, pattern, 20))]
    return tuple(dict.fromkeys((*within, *found)))


def cover(picture: bytes, boxes: Iterable[Region], view: Viewport, *, pad: int = PAD, label: str = "") -> bytes:
    """The picture, in the format it came in, with these boxes of the screen painted over, each with a label.

    A picture that is larger or smaller than what it shows of the screen is covered to the last pixel that has
    something of a box. `pad` is in screen pixels.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        form, image = opened.format or "PNG", opened.convert("RGB")
    canvas = ImageDraw.Draw(image)
    for box in boxes:
        corners = _placed(box, view, pad)
        canvas.rectangle(corners, fill=_PAPER)
        if label:
            _write(canvas, label, corners)
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def _placed(box: Region, view: Viewport, pad: int) -> tuple[int, int, int, int]:
    """The first and the last pixel of the picture, across and down, that show something of a box."""
    across, down = view.shown.width / view.region.width, view.shown.height / view.region.height
    left, top = box.x - view.region.x - pad, box.y - view.region.y - pad
    right, bottom = left + box.width + 2 * pad, top + box.height + 2 * pad
    return floor(left * across), floor(top * down), ceil(right * across) - 1, ceil(bottom * down) - 1


def _write(canvas: ImageDraw.ImageDraw, label: str, corners: tuple[int, int, int, int]) -> None:
    """A label where there is room for it."""
    left, top, right, bottom = corners
    size = min(16, bottom - top - 3)
    if size < 7:  # noqa: PLR2004 - below that nobody can read it
        return
    font = ImageFont.load_default(size)
    if canvas.textlength(label, font) < right - left:
        canvas.text((left + 4, (top + bottom) / 2), label, fill=_INK, font=font, anchor="lm")
