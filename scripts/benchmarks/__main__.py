"""Measure, print, say what was missed."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import harness
from benchmarks.rows import Row, table
from benchmarks.starting import starting
from benchmarks.timing import progress
from benchmarks.usual import LABEL, UsualWay, container, derived_image
from benchmarks.working import Scene, large, working
from benchmarks.writing import writing
from harness.errors import HarnessError
from harness.sandbox.connection import connect
from harness.sandbox.image import find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from docker import DockerClient

ROUNDS, QUICK = 12, 3
ABOUT = """\
Measure the budgets of the harness on this machine and print them as a table.

Absolute times say little on a noisy machine. So each line is measured in turn with a reference, in random order,
in the same container and on the same screen; `ratio` is the line's median over the reference's median. The reference
is what the column says: "the usual way" starts a process in the container for every step (xdotool to act, two
seconds of pause, scrot and ImageMagick to look), a cold start is compared with running `true` from the same image.
`met` says whether the median, or the rate, keeps to the budget. How long the screen is waited for, and whether it was
final then, is for `scripts/settle-study`.
"""


def main() -> int:
    """Exit status 0, or 1 where a budget is missed and `--strict` was given."""
    options = _options()
    try:
        rows = asyncio.run(_rows(options))
    except HarnessError as error:
        sys.exit(f"bench: {error}")
    if options.json:
        print(json.dumps({"rows": [row.as_json() for row in rows]}, indent=2))
    else:
        print(table(rows))
    return int(options.strict and not all(row.met for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/bench", None, ABOUT, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print an object with `rows` instead of a table")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds: a first look, not a measurement")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each comparison (default {ROUNDS})")
    parser.add_argument("--typing", type=int, metavar="N", help="only: is text of any script typed right?")
    parser.add_argument("--image", help="a sandbox image other than the recipe's")
    parser.add_argument("--apps", nargs="+", default=[], metavar="NAME", help="with --typing: what the image has more")
    parser.add_argument("--strict", action="store_true", help="exit with status 1 where a budget is missed")
    return parser.parse_args()


async def _rows(options: argparse.Namespace) -> list[Row]:
    if options.typing:
        return [row async for row in writing(options.image, options.apps, options.typing)]
    return await _measure(QUICK if options.quick else options.rounds, options.image)


async def _measure(rounds: int, wanted: str | None) -> list[Row]:
    engine = connect()
    image = (await find(wanted)).name
    progress("the image for the usual way (built once, from the sandbox image)")
    tools = await asyncio.to_thread(derived_image, engine, image)
    rows = [row async for row in starting(engine, image, rounds)]
    async with _scene(engine, tools, rounds, "1280x800") as scene:
        rows += [row async for row in working(scene)]
    async with _scene(engine, tools, rounds, "1920x1080") as scene:
        rows += [row async for row in large(scene)]
    return rows


@asynccontextmanager
async def _scene(engine: DockerClient, image: str, rounds: int, screen: str) -> AsyncIterator[Scene]:
    mark = uuid4().hex
    async with harness.sandbox(image=image, screen=screen, labels={LABEL: mark}) as desktop:
        yield Scene(desktop, UsualWay(container(engine, mark)), rounds)


sys.exit(main())
