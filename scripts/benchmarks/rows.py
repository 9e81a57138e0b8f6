"""What a run of the benchmarks says: rows, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Literal

Samples = list[float]


@dataclass(frozen=True, slots=True)
class Row:
    """One budget and what was measured for it."""

    name: str
    value: float
    unit: str
    budget: float
    better: Literal["less", "more"] = "less"
    reference: float | None = None  # the same unit, measured in the same run
    against: str = ""  # what the reference is
    n: int = 1
    worst: float | None = None
    note: str = ""
    sound: bool = True  # False: a result was wrong, whatever its time

    @property
    def met(self) -> bool:
        """Whether the budget holds."""
        fits = self.value <= self.budget if self.better == "less" else self.value >= self.budget
        return fits and self.sound

    @property
    def ratio(self) -> float | None:
        """Value over reference."""
        return self.value / self.reference if self.reference else None

    def as_json(self) -> dict[str, object]:
        """All columns, numbers rounded to what was measured."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "budget": _rounded(self.budget),
            "met": self.met,
            "ratio": _rounded(self.ratio),
            "reference": _rounded(self.reference),
            "against": self.against,
            "n": self.n,
            "worst": _rounded(self.worst),
            "note": self.note,
        }


def timed(  # noqa: PLR0917 - the columns, in the table's order
    name: str, samples: Samples, unit: str, budget: float, reference: Samples | None = None, against: str = ""
) -> Row:
    """A row for samples of which less is better: the median, and the worst beside it."""
    return Row(
        name=name,
        value=median(samples),
        unit=unit,
        budget=budget,
        reference=median(reference) if reference else None,
        against=against if reference else "",
        n=len(samples),
        worst=max(samples),
    )


def table(rows: Iterable[Row]) -> str:
    """The rows for a person, budgets missed named below."""
    rows = list(rows)
    cells = [("budget line", "median", "worst", "budget", "met", "reference", "ratio", "n"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(_padded(row, widths)).rstrip() for row in cells]
    lines.insert(1, "-" * max(map(len, lines)))
    missed = [f"missed: {row.name}: {_amount(row.value)} {row.unit}{_because(row)}" for row in rows if not row.met]
    notes = [f"{row.name}: {row.note}" for row in rows if row.note and row.sound]
    return "\n".join([*lines, "", *notes, *(missed or ["every budget is met"])])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{_amount(row.value)} {row.unit}",
        _amount(row.worst),
        f"{'<=' if row.better == 'less' else '>='} {_amount(row.budget)}",
        "yes" if row.met else "NO",
        f"{_amount(row.reference)} {row.against}".strip(),
        f"{row.ratio:.3g}" if row.ratio is not None else "",
        str(row.n),
    )


def _padded(row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    first, *others = zip(row, widths, strict=True)
    yield first[0].ljust(first[1])
    yield from (cell.ljust(width) for cell, width in others)


def _because(row: Row) -> str:
    return f", {row.note}" if not row.sound else f", budget {_amount(row.budget)}"


def _amount(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"  # noqa: PLR2004 - digits


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
