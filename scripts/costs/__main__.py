"""Play the run, print what it costs."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from costs.replay import SCREEN, SECONDS, Run, replay
from harness.model.catalog import listed
from harness.model.turn import Usage

STEPS = 100
NAMES = 2
"""Columns that are no numbers."""
ABOUT = f"""\
What a long run costs, by the documented accounting of tokens and caches; nothing is sent.

A step thinks, says a sentence and does one action, {SECONDS:.0f} s after the one before, and is answered with a picture
of a screen of {SCREEN.width}x{SCREEN.height} at the size that the model is shown; every fifth runs a command as well.
The run is played three times: with all of it sent anew each time and nothing cached; the same with one mark for the
cache at its end; and as the harness does it. Tokens are thousands; `of naive` is the share of the first way's price.
"""


def main() -> int:
    """Exit status 0, or 1 where ours is not the cheapest for every model."""
    options = _options()
    runs = asyncio.run(_runs(options.models or _priced(), options.steps))
    if options.json:
        print(
            json.dumps({"steps": options.steps, "models": {name: _told(ways) for name, ways in runs.items()}}, indent=2)
        )
    else:
        print(table(runs))
    return int(any(ways[-1].dollars > min(way.dollars for way in ways) for ways in runs.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "scripts/cost-simulation", None, ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of the run (default {STEPS})")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", choices=_priced(), help="some models, not all with a price"
    )
    parser.add_argument("--json", action="store_true", help="print an object instead of a table")
    return parser.parse_args()


def _priced() -> list[str]:
    return [name for name, entry in listed().items() if entry.price]


async def _runs(models: list[str], steps: int) -> dict[str, list[Run]]:
    return {name: await replay(name, listed()[name], steps) for name in models}


def _told(ways: list[Run]) -> list[dict[str, object]]:
    naive = ways[0].dollars
    return [{**asdict(way), "dollars": round(way.dollars, 4), "ratio": round(way.dollars / naive, 4)} for way in ways]


def table(runs: dict[str, list[Run]]) -> str:
    """A row for each way and model, in Markdown."""
    rows: list[tuple[str, ...]] = [("model", "way", "new", "written", "read", "output", "dollars", "of naive")]
    for name, ways in runs.items():
        rows += [(name, way.name, *_amounts(way.usage), f"{way.dollars:.2f}", _share(way, ways)) for way in ways]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"| {' | '.join(_padded(row, widths))} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines[1:]])


def _amounts(usage: Usage) -> list[str]:
    kinds = (usage.input, usage.cache_write_5m + usage.cache_write_1h, usage.cache_read, usage.output)
    return [f"{tokens / 1000:,.0f}" for tokens in kinds]


def _share(way: Run, ways: list[Run]) -> str:
    return f"{way.dollars / ways[0].dollars:.1%}"


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Names to the left, numbers to the right."""
    return [
        cell.ljust(width) if at < NAMES else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


if __name__ == "__main__":
    sys.exit(main())
