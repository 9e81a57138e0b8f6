"""Record, replay, print."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from benchmarks.settling.kinds import SCENES
from benchmarks.settling.record import recordings
from benchmarks.settling.tables import as_json, by_kind, by_policy
from benchmarks.settling.timeline import Load, Timeline
from harness.errors import HarnessError
from harness.sandbox.connection import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = """\
Record what follows some forty kinds of input, and judge ways to wait over the recordings.

Each input is recorded for four seconds: damage, signs of work, and when the screen was what it was at the end, but for
carets, clocks and busy marks. Then every policy is replayed over the same recordings: how long it would have waited,
and whether its picture would have shown the last frame. Loads: `idle`; `busy`, other programs on all cores; `player`,
a program in the sandbox that works 12 ms of every 40.

Answers are `prompt`, `late` (after a silence in which something is seen to work), `unseen` (after one in which
nothing can be told from outside: a page's timer) or `endless`.

A round under one load takes some five minutes. Other work on the machine shows in the times: repeat, and trust the
comparison more than the numbers.
"""


def main() -> int:
    """Exit status 0."""
    options = _options()
    try:
        timelines = _read(options.replay) if options.replay else asyncio.run(_record(options))
    except (HarnessError, OSError) as error:
        sys.exit(f"settle-study: {error}")
    if options.json:
        print(json.dumps({"policies": as_json(timelines)}, indent=2))
    else:
        print(by_policy(timelines), by_kind(timelines), sep="\n\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/settle-study", None, ABOUT, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print an object with `policies` instead of tables")
    parser.add_argument("--quick", action="store_true", help="one round, idle: a first look, not a measurement")
    parser.add_argument("--rounds", type=int, default=1, help="recordings of each input under each load (default 1)")
    parser.add_argument("--load", choices=get_args(Load), action="append", help="only this load; may be repeated")
    parser.add_argument("--scene", choices=[s.name for s in SCENES], action="append", help="only this application")
    parser.add_argument("--evidence", type=Path, metavar="FILE", help="add the recordings to this file, a line each")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="record nothing, judge over this evidence")
    return parser.parse_args()


async def _record(options: argparse.Namespace) -> list[Timeline]:
    loads: Sequence[Load] = ["idle"] if options.quick else options.load or get_args(Load)
    rounds = 1 if options.quick else options.rounds
    engine = connect()
    timelines = []
    for load in [load for _ in range(rounds) for load in loads]:
        async for timeline in recordings(engine, load, options.scene or [scene.name for scene in SCENES]):
            timelines.append(timeline)
            if options.evidence:
                with options.evidence.open("a") as file:
                    file.write(json.dumps(timeline.as_json(), separators=(",", ":")) + "\n")
    return timelines


def _read(evidence: Path) -> list[Timeline]:
    return [Timeline.of(json.loads(line)) for line in evidence.read_text().splitlines()]


sys.exit(main())
