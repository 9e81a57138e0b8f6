"""Text on the screen, read by OCR."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import Message
from sandbox_image.wire.geometry import Region


class ReadText(Message):
    """Read the text on the screen, or in a region of it, by OCR."""

    kind: Literal["read_text"] = "read_text"
    region: Region | None = None


class Word(Message):
    """One word as OCR read it."""

    text: str
    box: Region
    confidence: float = Field(ge=0, le=100)
    line: int  # words of one printed line share a number, in reading order


class TextRead(Message):
    """What OCR read, in reading order."""

    kind: Literal["text_read"] = "text_read"
    words: tuple[Word, ...]


ReadingAction = ReadText
