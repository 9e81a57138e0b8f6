"""What the recordings say, as tables for a person and as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from statistics import mean, median
from typing import TYPE_CHECKING, get_args

from benchmarks.settling.kinds import Answer
from benchmarks.settling.policies import CHOSEN, POLICIES, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.settling.timeline import Timeline

COMPARED = ("a fixed 2 s", "200 ms without damage", CHOSEN)
"""The policies shown kind by kind."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A policy over some recordings."""

    median: float  # milliseconds waited
    mean: float
    p95: float
    final: dict[str, float]  # share of pictures that showed the last frame, over all and by answer

    @classmethod
    def of(cls, policy: Policy, timelines: Sequence[Timeline]) -> Judged:
        """The policy, replayed."""
        waits = [policy(timeline) for timeline in timelines]
        right = [timeline.final_at(wait) for timeline, wait in zip(timelines, waits, strict=True)]
        final = {"all": mean(right)}
        for answer in get_args(Answer):
            some = [ok for ok, timeline in zip(right, timelines, strict=True) if timeline.answer == answer]
            final |= {answer: mean(some)} if some else {}
        return cls(median(waits), mean(waits), sorted(waits)[int(0.95 * len(waits))], final)


def as_json(timelines: Sequence[Timeline]) -> list[dict[str, object]]:
    """Every policy under every load."""
    return [
        {
            "load": load,
            "policy": name,
            "recordings": len(some),
            "median_ms": round(judged.median, 1),
            "mean_ms": round(judged.mean, 1),
            "p95_ms": round(judged.p95, 1),
            "final": {answer: round(share, 4) for answer, share in judged.final.items()},
        }
        for load, some in _by(timelines, lambda timeline: timeline.load)
        for name, policy in POLICIES.items()
        for judged in [Judged.of(policy, some)]
    ]


def by_policy(timelines: Sequence[Timeline]) -> str:
    """A table for each load."""
    answers = ("all", *get_args(Answer))
    head = ("policy", "wait median", "mean", "p95", *(f"final, {answer}" for answer in answers))
    tables = []
    for load, some in _by(timelines, lambda timeline: timeline.load):
        rows = [head]
        for name, policy in POLICIES.items():
            judged = Judged.of(policy, some)
            waits = (f"{judged.median:.0f} ms", f"{judged.mean:.0f} ms", f"{judged.p95:.0f} ms")
            shares = (f"{judged.final[a]:.1%}" if a in judged.final else "" for a in answers)
            rows.append((name, *waits, *shares))
        tables.append(f"{load}, {len(some)} recordings\n\n{_table(rows)}")
    return "\n\n".join(tables)


def by_kind(timelines: Sequence[Timeline]) -> str:
    """When each input's answer was complete, and how the policies met it, under all loads."""
    rows = [("input", "answer", "n", "final at", *(f"{name}: final, wait" for name in COMPARED))]
    for _, some in _by(timelines, lambda timeline: f"{timeline.scene} {timeline.kind}"):
        one = some[0]
        met = []
        for name in COMPARED:
            judged = Judged.of(POLICIES[name], some)
            met.append(f"{judged.final['all']:.0%} {judged.median:.0f} ms")
        final = f"{median(timeline.final for timeline in some):.0f} ms"
        rows.append((f"{one.scene}: {one.kind}", one.answer, str(len(some)), final, *met))
    return _table(rows)


def _by(timelines: Iterable[Timeline], key: Callable[[Timeline], str]) -> list[tuple[str, list[Timeline]]]:
    return [(name, list(some)) for name, some in groupby(sorted(timelines, key=key), key=key)]


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """In Markdown, readable as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
