"""Reading text off the screen with tesseract: words with boxes in screen pixels, grouped into lines.

Text of user interfaces is small; doubled in size tesseract reads nearly all of it, at twice the time. It looks for
sparse text, since a screen has no columns, and therefore says little about lines: those are made here from boxes.
"""

from __future__ import annotations

import asyncio
import csv
import os
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from sandbox_image.screen import Frame, token
from sandbox_image.wire import ErrorCode, Refused, Region, TextRead, Word

ENLARGED = 2
MARGIN = 10
"""Pixels of plain ground around the enlarged picture: letters that touch the edge are read wrong without."""
WHITE = 255
TILE, AROUND = 2, 15
"""The ground of text is the median of so many squares across and down, of so many pixels: a line of text and more."""
LIMIT_S = 20.0
AT_ONCE = 2
"""Readings at a time; each takes a processor for itself, and others wait their turn."""
KEPT = 8
"""Readings remembered: asking again about a screen that did not change costs nothing."""
ENGLISH = ("eng",)
DATA = Path("/usr/share/tesseract-ocr")
NO_LANGUAGE = {"osd"}
"""Data that tells how a page is turned."""
COMMAND = ("tesseract", "stdin", "stdout", "--psm", "11", "--dpi", "192", "-c", "tessedit_create_tsv=1")
RULE, THICK = 32, 4
"""A level dark line of so many pixels, less than four of them high, is an edge or a rule and no stroke of a letter."""
_SEEN = [0] * 40 + [255] * 216
MAX_GAP = 1.8
"""Words of one line stand closer than this many times their height: a space of a terminal's font can be 1.5 of it."""


@dataclass(slots=True)
class Found:
    """A word where tesseract saw it."""

    text: str
    box: Region
    confidence: float
    line: int = 0


@dataclass(slots=True)
class Reader:
    """Reads frames, a few at a time, and remembers the last few."""

    _known: OrderedDict[tuple[str, tuple[str, ...]], TextRead] = field(default_factory=OrderedDict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def read(self, frame: Frame, languages: tuple[str, ...] = ENGLISH) -> TextRead:
        """The words in a frame, in reading order. Raises Refused: MISSING for a language, DEADLINE if it takes long."""
        _check(languages)
        async with self._turns:
            key = (await asyncio.to_thread(token, frame), languages)
            if key not in self._known:
                table = await _tesseract(await asyncio.to_thread(_prepared, frame), languages)
                self._known[key] = interpreted(table, frame.region, key[0])
            read = self._known[key]
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return read


def interpreted(table: str, region: Region, seen: str) -> TextRead:
    """Words from tesseract's table, of a picture of `region` enlarged and framed by the margin."""
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = [_found(row, region) for row in rows if (row["text"] or "").strip()]
    words = in_lines(word for word in found if word is not None)
    return TextRead(words=tuple(_word(word) for word in words), seen=seen)


def in_lines(words: Iterable[Found]) -> list[Found]:
    """Words in reading order, numbered by line: those that overlap in height by half and stand close to each other."""
    lines: list[list[Found]] = []
    for word in sorted(words, key=lambda word: word.box.x):
        line = next((line for line in lines if _continues(line[-1].box, word.box)), None)
        if line is None:
            lines.append([word])
        else:
            line.append(word)
    lines.sort(key=lambda line: (line[0].box.y, line[0].box.x))
    return [replace(word, line=number) for number, line in enumerate(lines) for word in line]


def _continues(last: Region, box: Region) -> bool:
    overlap = min(last.y + last.height, box.y + box.height) - max(last.y, box.y)
    gap = box.x - (last.x + last.width)
    height = max(last.height, box.height)
    return overlap * 2 >= min(last.height, box.height) and -height < gap < MAX_GAP * height


def _check(languages: tuple[str, ...]) -> None:
    """Refuse languages whose data is not in the image."""
    there = {path.stem for path in DATA.glob("*/tessdata/*.traineddata")} - NO_LANGUAGE
    missing = [language for language in languages if language not in there]
    if missing:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-').lower()}" for language in missing)
        raise Refused(
            ErrorCode.MISSING,
            f"the image has no OCR data for {', '.join(missing)}; it has {', '.join(sorted(there)) or 'none'}. "
            f"Build one with the Debian packages {packages}",
        )


def _prepared(frame: Frame) -> bytes:
    """The picture for tesseract, as PGM."""
    grey = frame.image.convert("L")
    flat = ImageChops.lighter(_flattened(grey), _rules(grey))
    large = flat.resize((flat.width * ENLARGED, flat.height * ENLARGED), Image.Resampling.BICUBIC)
    ground = Image.new("L", (large.width + 2 * MARGIN, large.height + 2 * MARGIN), WHITE)
    ground.paste(large, (MARGIN, MARGIN))
    return b"P5 %d %d 255\n" % ground.size + ground.tobytes()


def _flattened(grey: Image.Image) -> Image.Image:
    """Dark text on white, whatever it stands on: how far each pixel is from the ground around it.

    Tesseract takes a button or a dark panel on a light screen for a picture and reads nothing in it. Text fills less
    than half of its surroundings, so that their median is the ground.
    """
    ground = grey.reduce(TILE).filter(ImageFilter.MedianFilter(AROUND)).resize(grey.size, Image.Resampling.NEAREST)
    return ImageChops.invert(ImageChops.difference(grey, ground))


def _rules(grey: Image.Image) -> Image.Image:
    """Thin dark level lines, white on black: in a box of such, tesseract sees a picture and reads nothing."""
    darker = ImageChops.subtract(_runs(grey, THICK, (0, 1)), grey)  # than what is above and below
    return ImageChops.invert(_runs(ImageChops.invert(darker), RULE, (1, 0))).point(_SEEN)


def _runs(picture: Image.Image, length: int, step: tuple[int, int]) -> Image.Image:
    """What is dark for so many pixels on end, in the direction of the step; what is dark for fewer gets light."""
    dx, dy = step
    for way, keep in ((1, ImageChops.lighter), (-1, ImageChops.darker)):
        done = 1
        while done < length:
            by = way * min(done, length - done)
            picture = keep(picture, ImageChops.offset(picture, by * dx, by * dy))
            done += abs(by)
    return picture


async def _tesseract(picture: bytes, languages: tuple[str, ...]) -> str:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "-l",
        "+".join(languages),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", "/usr/bin"), "OMP_THREAD_LIMIT": "1"},
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            table, said = await process.communicate(picture)
    except TimeoutError:
        message = f"reading the text took longer than {LIMIT_S:g} s; read a smaller region"
        raise Refused(ErrorCode.DEADLINE, message) from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
            await process.wait()
    if process.returncode:
        raise Refused(ErrorCode.INTERNAL, f"tesseract failed: {said.decode(errors='replace').strip()[:500]}")
    return table.decode(errors="replace")


def _found(row: dict[str, str], region: Region) -> Found | None:
    """A row of the table in screen pixels; None for what lies in the margin only."""
    left, top = (int(row[name]) - MARGIN for name in ("left", "top"))
    right, bottom = left + int(row["width"]), top + int(row["height"])
    x, y = max(0, left // ENLARGED), max(0, top // ENLARGED)
    width = min(region.width, -(-right // ENLARGED)) - x
    height = min(region.height, -(-bottom // ENLARGED)) - y
    if width < 1 or height < 1:
        return None
    box = Region(x=region.x + x, y=region.y + y, width=width, height=height)
    return Found(row["text"].strip(), box, max(0.0, min(100.0, float(row["conf"]))))


def _word(found: Found) -> Word:
    return Word(text=found.text, box=found.box, confidence=found.confidence, line=found.line)
