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

CHARACTERS, LINE = 400, 40
IDEOGRAPHS = range(0x4E00, 0x9FA5)
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


async def writing(image: str | None, times: int) -> AsyncIterator[Row]:
    """A row for each of the programs that the image has."""
    chance = random.Random(0)  # noqa: S311 - the same texts in every run
    async with harness.sandbox(image=image) as desktop:
        await desktop.bash("for core in $(seq $(nproc)); do yes >/dev/null & done")
        for field in FIELDS:
            if not (await desktop.bash(f"command -v {field.argv[0]}")).exit_code:
                progress(f"{CHARACTERS} characters into {field.argv[0]}, {times} times")
                yield await _counted(desktop, field, [_text(chance) for _ in range(times)])


def _text(chance: random.Random) -> str:
    characters = "".join(map(chr, chance.sample(IDEOGRAPHS, CHARACTERS)))
    return "\n".join(characters[at : at + LINE] for at in range(0, CHARACTERS, LINE))


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
        note=f"{median(times):.0f} ms each, {max(times):.0f} at worst",
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
