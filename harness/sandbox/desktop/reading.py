"""Text on the screen: read, found, waited for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from harness.errors import DeadlinePassed, UsageError
from harness.sandbox.desktop.requests import GRACE, Area, Requests, area, ms, sendable
from harness.text import Match, Pattern, find, fold, nearest
from sandbox_image.wire import ErrorCode, Failure, ReadText, Settle, TextRead, WaitChange, Word

ENGLISH = ("eng",)
READABLE = Settle(first_ms=100, quiet_ms=100, limit_ms=1_000)
"""After a change, what is read next has mostly come to rest; what never rests is read about once a second."""


class Reading(Requests):
    """What OCR makes of the screen.

    `languages` are named as tesseract names them: `eng`, `deu`, `chi_sim`. The default image has English; a language
    that the image lacks raises NotInstalled, which says what to add.
    """

    async def read_text(
        self, region: Area | None = None, *, languages: Sequence[str] = ENGLISH, confidence: float = 0
    ) -> tuple[Word, ...]:
        """The words on the screen, or in a region of it, by OCR, in reading order; boxes in screen pixels.

        Words that OCR is less sure of than `confidence`, 0 to 100, are left out. Raises NotOnScreen, NotInstalled.
        """
        return (await self._read(_reading(region, languages), confidence)).words

    async def find_text(
        self,
        text: str | re.Pattern[str],
        *,
        region: Area | None = None,
        nth: int | None = None,
        languages: Sequence[str] = ENGLISH,
        confidence: float = 0,
    ) -> tuple[Match, ...]:
        """Every place where the text is on the screen, in reading order; only the `nth` one, from 1, if that is given.

        Text is found within one line, from the beginning of a word to the end of one; case, runs of space, and kinds
        of quotes and dashes do not count. A regular expression is searched in each line as OCR read it. None is no
        error: the result is empty then. `region` and the boxes are in screen pixels. Raises NotOnScreen, NotInstalled;
        UsageError for an empty text.
        """
        pattern = _pattern(text, nth)
        return _chosen(find(await self.read_text(region, languages=languages, confidence=confidence), pattern), nth)

    async def wait_for_text(
        self,
        text: str | re.Pattern[str],
        *,
        region: Area | None = None,
        nth: int = 1,
        languages: Sequence[str] = ENGLISH,
        confidence: float = 0,
        timeout: float = 40.0,  # noqa: ASYNC109 - it says what was there instead
    ) -> Match:
        """Wait until the text can be read, and for its `nth` place, from 1; see `find_text`.

        The screen is read again only when it has changed. Raises DeadlinePassed after `timeout` seconds, with the
        text that looks most like it; NotOnScreen, NotInstalled.
        """
        pattern, reading = _pattern(text, nth), _reading(region, languages)
        words: tuple[Word, ...] = ()
        async with aclosing(self._readings(reading, confidence, timeout)) as readings:
            async for words in readings:
                if found := _chosen(find(words, pattern), nth):
                    return found[0]
        raise _late(f"{_told(pattern)} cannot be read after {timeout:g} s; {_likest(words, pattern)}")

    async def wait_for_text_gone(
        self,
        text: str | re.Pattern[str],
        *,
        region: Area | None = None,
        languages: Sequence[str] = ENGLISH,
        confidence: float = 0,
        timeout: float = 40.0,  # noqa: ASYNC109 - the same
    ) -> None:
        """Wait until the text can be read nowhere any more; see `wait_for_text`, also for errors."""
        pattern, reading = _pattern(text), _reading(region, languages)
        async with aclosing(self._readings(reading, confidence, timeout)) as readings:
            async for words in readings:
                if not find(words, pattern):
                    return
        raise _late(f"{_told(pattern)} can still be read after {timeout:g} s")

    async def _readings(self, reading: ReadText, confidence: float, seconds: float) -> AsyncGenerator[tuple[Word, ...]]:
        """The words that can be read now, and again each time the screen has changed since, until the time is over."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while True:
            read = await self._read(reading, confidence)
            yield read.words
            left = until - clock()
            if left <= 0:
                return
            waiting = WaitChange(region=reading.region, since=read.seen, timeout_ms=ms(left))
            try:
                await self.perform(waiting, settle=READABLE, timeout=left + GRACE)
            except DeadlinePassed:
                return

    async def _read(self, reading: ReadText, confidence: float) -> TextRead:
        read = await self._one(reading, TextRead)
        return read.model_copy(update={"words": tuple(word for word in read.words if word.confidence >= confidence)})


def _reading(region: Area | None, languages: Sequence[str]) -> ReadText:
    with sendable():
        return ReadText(region=area(region), languages=tuple(languages))


def _pattern(text: str | re.Pattern[str], nth: int | None = None) -> Pattern:
    if nth is not None and nth < 1:
        raise UsageError(f"nth counts from 1; found {nth}")
    if isinstance(text, re.Pattern):
        return Pattern(text.pattern, text)
    if not fold(text):
        raise UsageError(f"the text to find must be more than space; found {text!r}")
    return Pattern(text)


def _chosen(matches: tuple[Match, ...], nth: int | None) -> tuple[Match, ...]:
    return matches if nth is None else matches[nth - 1 : nth]


def _told(pattern: Pattern) -> str:
    return repr(pattern.source)


def _likest(words: tuple[Word, ...], pattern: Pattern) -> str:
    matches = nearest(words, pattern)
    near = ", ".join(f"{match.text!r} at ({match.box.center.x}, {match.box.center.y})" for match in matches)
    return f"what looks most like it: {near}" if near else "nothing looks like it"


def _late(message: str) -> DeadlinePassed:
    return DeadlinePassed(Failure(code=ErrorCode.DEADLINE, message=message))
