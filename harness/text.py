"""Text on the screen: which words OCR read make up what somebody looks for. Pure.

A literal is looked for within one printed line, from the beginning of a word to the end of one, where anything
that is neither letter nor digit ends a word: `report.txt` is found in `/home/user/report.txt`, `Save` is not found
in `Saved`. Case, runs of space, kinds of quotes and dashes do not count. OCR joins and splits words, so where no
line has the text as written, it is looked for once more without regard to space, and to the marks at its ends.
A regular expression is searched in each line as it was read, its words joined by single spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from sandbox_image.wire import Region, Word

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-"})  # noqa: RUF001
"""Quotes and dashes that a font, and so OCR, does not keep apart."""
_FLAGS = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
LIKENESS = 0.6
"""From this ratio on a line counts as a near miss; difflib's own measure for close matches."""


def fold(text: str) -> str:
    """Text as it is compared: case, compatibility forms, kinds of quotes and dashes, and runs of space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold().split())


@dataclass(frozen=True, slots=True)
class Pattern:
    """What text has to be: literal, compared folded, or a regular expression, searched; `source` is as written."""

    source: str
    regex: re.Pattern[str] | None = None

    def __str__(self) -> str:
        return self.source if self.regex else f"'{self.source}'"

    def found_in(self, text: str) -> bool:
        """Whether some part of `text` is it: for titles, output and files, where there is no OCR to forgive."""
        return bool(self.regex.search(text)) if self.regex else fold(self.source) in fold(text)


def spelled(regex: re.Pattern[str]) -> str:
    """A compiled regular expression as text, its flags in front, for whoever compiles it again."""
    flags = "".join(letter for letter, flag in _FLAGS.items() if regex.flags & flag)
    return f"(?{flags}){regex.pattern}" if flags else regex.pattern


@dataclass(frozen=True, slots=True)
class Match:
    """Text that was found, as it was read, the box around it, and how sure OCR is of its least sure word, 0 to 100."""

    text: str
    box: Region
    confidence: float


@dataclass(frozen=True, slots=True)
class _Line:
    """The words of one printed line, joined by spaces; `starts` are their places in `text`."""

    words: tuple[Word, ...]
    spelled: tuple[str, ...]  # as compared

    @property
    def text(self) -> str:
        return " ".join(self.spelled)

    def match(self, start: int, end: int) -> Match:
        """What lies between two places of `text`."""
        touched: list[tuple[Word, Region]] = []
        at = 0
        for word, spelled in zip(self.words, self.spelled, strict=True):
            first, last = max(start, at), min(end, at + len(spelled))
            if first < last:
                touched.append((word, _slice(word.box, first - at, last - at, len(spelled))))
            at += len(spelled) + 1
        return Match(
            " ".join(word.text for word, _ in touched),
            union([box for _, box in touched]),
            min(word.confidence for word, _ in touched),
        )


def find(words: Sequence[Word], pattern: Pattern) -> tuple[Match, ...]:
    """Every place where the text is, in reading order."""
    if pattern.regex:
        return tuple(_matches(_lines(words, folded=False), pattern.regex))
    lines = list(_lines(words, folded=True))
    wanted = fold(pattern.source)
    exact = tuple(_matches(lines, _bounded(re.escape(wanted), wanted)))
    if exact:
        return exact
    bare = re.sub(r"^\W+|\W+$", "", wanted) or wanted
    loose = r"\s?".join(re.escape(character) for character in bare if not character.isspace())
    return tuple(_matches(lines, _bounded(loose, bare)))


def nearest(words: Sequence[Word], pattern: Pattern, count: int = 3) -> tuple[Match, ...]:
    """Text that looks most like a literal, best first: for whoever has to mend the flow."""
    wanted = fold(pattern.source.strip("/") if pattern.regex else pattern.source)
    length = max(1, len(wanted.split()))
    scored: list[tuple[float, Match]] = []
    for line in _lines(words, folded=True):
        best = max(_runs(line, length), key=lambda run: _likeness(run[0], wanted), default=None)
        if best and (ratio := _likeness(best[0], wanted)) >= LIKENESS:
            scored.append((ratio, best[1]))
    return tuple(match for _, match in sorted(scored, key=lambda one: -one[0])[:count])


def lines(words: Sequence[Word]) -> tuple[Match, ...]:
    """All text that was read, a match a line."""
    return tuple(line.match(0, len(line.text)) for line in _lines(words, folded=False))


def union(boxes: Sequence[Region]) -> Region:
    """The smallest box around all of them."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    bottom = max(box.y + box.height for box in boxes)
    return Region(x=left, y=top, width=right - left, height=bottom - top)


def touches(one: Region, other: Region, margin: int = 0) -> bool:
    """Whether two boxes share a pixel, the first one grown by `margin` on all sides."""
    return (
        one.x - margin < other.x + other.width
        and other.x < one.x + one.width + margin
        and one.y - margin < other.y + other.height
        and other.y < one.y + one.height + margin
    )


def _lines(words: Sequence[Word], *, folded: bool) -> Iterator[_Line]:
    for _, group in groupby(words, key=lambda word: word.line):
        members = [(word, fold(word.text) if folded else " ".join(word.text.split())) for word in group]
        kept = [(word, text) for word, text in members if text]
        if kept:
            yield _Line(tuple(word for word, _ in kept), tuple(text for _, text in kept))


def _matches(among: Iterator[_Line] | list[_Line], pattern: re.Pattern[str]) -> Iterator[Match]:
    for line in among:
        for found in pattern.finditer(line.text):
            if found[0].strip():
                yield line.match(*found.span())


def _bounded(pattern: str, literal: str) -> re.Pattern[str]:
    """A pattern that begins and ends where words do, as far as the literal's own ends are letters or digits."""
    before = r"(?<!\w)" if re.match(r"\w", literal[:1]) else ""
    after = r"(?!\w)" if re.match(r"\w", literal[-1:]) else ""
    return re.compile(f"{before}{pattern}{after}")


def _runs(line: _Line, length: int) -> Iterator[tuple[str, Match]]:
    """Runs of so many words, as text and as a match; the whole line where it is shorter."""
    for first in range(max(1, len(line.words) - length + 1)):
        text = " ".join(line.spelled[first : first + length])
        start = sum(len(word) + 1 for word in line.spelled[:first])
        yield text, line.match(start, start + len(text))


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _slice(box: Region, first: int, last: int, length: int) -> Region:
    """The part of a word's box that some of its characters take, as if all were equally wide."""
    left = box.width * first // length
    right = max(left + 1, box.width * last // length)
    return Region(x=box.x + left, y=box.y, width=right - left, height=box.height)
