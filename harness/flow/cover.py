"""Secrets in pictures: what OCR reads of them is painted over before a picture is kept.

OCR is no guarantee. It misreads, so text that looks much like a secret is covered as well; the pictures of steps
that use a secret are not kept at all. A field that hides what is typed is what keeps a secret off the screen.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw

from harness.text import Pattern, find, fold, nearest
from sandbox_image.wire import Region, Word

_PAD = 3  # pixels around a word: OCR's boxes are a little tight
_INK = "#404040"


def secret_boxes(words: Sequence[Word], secrets: Iterable[str]) -> tuple[Region, ...]:
    """Boxes of the words that show a secret, or something that looks like one."""
    wanted = [Pattern(line) for secret in secrets for line in secret.splitlines() if fold(line)]
    within = [word.box for word in words for pattern in wanted if fold(pattern.source) in fold(word.text)]
    found = [match.box for pattern in wanted for match in (*find(words, pattern), *nearest(words, pattern, 20))]
    return tuple(dict.fromkeys((*within, *found)))


def cover(picture: bytes, boxes: Iterable[Region], shown: Region) -> bytes:
    """The picture of a region of the screen, at its own size, as PNG with these boxes of the screen painted over."""
    with Image.open(io.BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    canvas = ImageDraw.Draw(image)
    for box in boxes:
        left, top = box.x - shown.x - _PAD, box.y - shown.y - _PAD
        canvas.rectangle((left, top, left + box.width + 2 * _PAD, top + box.height + 2 * _PAD), fill=_INK)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
