"""Text on the screen, read by OCR."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox_image.wire.base import Message
from sandbox_image.wire.geometry import Region

Language = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,40}$")]
"""A language as tesseract names it: eng, deu, chi_sim."""


class ReadText(Message):
    """Read the text on the screen, or in a region of it, by OCR. Fails with `missing` for a language not in the image.

    With several languages, text may be in any of them; each takes as long as the first.
    """

    kind: Literal["read_text"] = "read_text"
    region: Region | None = None
    languages: tuple[Language, ...] = Field(default=("eng",), min_length=1, max_length=8)


class Word(Message):
    """One word as OCR read it."""

    text: str
    box: Region
    confidence: float = Field(ge=0, le=100)
    line: int  # words of one printed line share a number, in reading order


class TextRead(Message):
    """What OCR read, in reading order. `seen` stands for the pixels that were read, for `WaitChange.since`."""

    kind: Literal["text_read"] = "text_read"
    words: tuple[Word, ...]
    seen: str


ReadingAction = ReadText
