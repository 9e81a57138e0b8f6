"""Whether text of any script arrives right in every kind of program, with all cores busy."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import harness
from benchmarks.rows import Row
from benchmarks.timing import progress
from sandbox_image.wire import TypeText

if TYPE_CHECKING:
    from harness import Desktop

LINE = 40
GREEK, CYRILLIC, HEBREW, ARABIC = range(0x3B1, 0x3CA), range(0x410, 0x450), range(0x5D0, 0x5EB), range(0x627, 0x63B)
THAI, DEVANAGARI, KANA, HANGUL = range(0xE01, 0xE2F), range(0x905, 0x93A), range(0x3041, 0x3097), range(0xAC00, 0xD7A4)
IDEOGRAPHS, RARE_IDEOGRAPHS = range(0x4E00, 0x9FA5), range(0x20000, 0x2A6D7)
LATIN, ACCENTED, MARKS = range(0x61, 0x7B), range(0xC0, 0x180), range(0x300, 0x334)
EMOJI, JOINER = range(0x1F600, 0x1F645), range(0x200D, 0x200E)
LINES = (
    (ACCENTED,),
    (GREEK, CYRILLIC),
    (HEBREW, ARABIC),
    (THAI, DEVANAGARI),
    (KANA, HANGUL),
    (IDEOGRAPHS,),
    (IDEOGRAPHS,),
    (RARE_IDEOGRAPHS,),
    (LATIN, MARKS),
    (EMOJI, JOINER, EMOJI),
)
"""What the lines of a text are made of, character by character in turn."""
CHARACTERS = LINE * len(LINES)
PATIENCE_S = 20.0
NOTHING = "nothing was copied yet"
PAGE = (
    "data:text/html;charset=utf-8,<title>loading</title>"
    "<textarea autofocus onfocus=document.title='ready' style=width:90vw;height:80vh></textarea>"
)


class Field(NamedTuple):
    """A program that takes text, and the title by which it tells that it does."""

    argv: tuple[str, ...]
    title: str
    terminal: bool = False


FIELDS = (
    Field(("xterm", "-T", "terminal"), "terminal", terminal=True),
    Field(("lxterminal", "-t", "terminal"), "terminal", terminal=True),
    Field(("mousepad", "--disable-server"), "Mousepad"),
    Field(("chromium", PAGE), "ready"),
    Field(("featherpad", "--standalone"), "FeatherPad"),
)


async def writing(image: str | None, apps: list[str], times: int) -> AsyncIterator[Row]:
    """A row for each of the programs that the image has."""
    chance = random.Random(0)  # noqa: S311 - the same texts in every run
    async with harness.sandbox(image=image, apps=apps) as desktop:
        await desktop.bash("for core in $(seq $(nproc)); do yes >/dev/null & done")
        for field in FIELDS:
            if not (await desktop.bash(f"command -v {field.argv[0]}")).exit_code:
                progress(f"{CHARACTERS} characters into {field.argv[0]}, {times} times")
                yield await _counted(desktop, field, [_text(chance) for _ in range(times)])


def _text(chance: random.Random) -> str:
    return "\n".join("".join(chr(chance.choice(kind[at % len(kind)])) for at in range(LINE)) for kind in LINES)


async def _counted(desktop: Desktop, field: Field, texts: list[str]) -> Row:
    started = await desktop.launch(*field.argv)
    await desktop.wait_for_window(field.title)
    right, times = 0, []
    for text in texts:
        if field.terminal:
            await desktop.type("cat >typed\n")
        began = time.perf_counter()
        await desktop.perform(TypeText(text=text), settle=None)
        times.append((time.perf_counter() - began) * 1000)
        right += text == await (_written if field.terminal else _copied)(desktop)
    await desktop.stop_program(started)
    return Row(
        name=f"{CHARACTERS} characters right in {field.argv[0]}, cores busy",
        value=right,
        unit=f"of {len(texts)}",
        budget=len(texts),
        better="more",
        n=len(texts),
        note=f"{median(times):.0f} ms each, {max(times):.0f} at worst, {sum(times) / 1000:.1f} s in all",
    )


async def _written(desktop: Desktop) -> str:
    """What the terminal's program has read, once it says that this was all."""
    await desktop.type("\n")
    await desktop.press("ctrl+d")
    await desktop.type("mv typed done\n")
    return (await desktop.bash("until test -e done; do sleep 0.05; done; cat done; rm done")).output.rstrip("\n")


async def _copied(desktop: Desktop) -> str | None:
    """The text of the field, which is empty afterwards."""
    await desktop.set_clipboard(NOTHING)
    await desktop.press("ctrl+a")
    await desktop.press("ctrl+c")
    until = time.monotonic() + PATIENCE_S
    while (text := await desktop.clipboard()) == NOTHING and time.monotonic() < until:
        pass
    await desktop.press("Delete")
    return text
