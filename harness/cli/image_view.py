"""A build's progress for whoever watches: a live line on a terminal, plain lines in a log, JSON for programs."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from harness.sandbox.image.progress import Progress

PLAIN_SECONDS = 5.0
"""A log gets a line so often while a step goes on."""


@contextmanager
def listener(*, as_json: bool) -> Iterator[Callable[[Progress], None]]:
    """What to call with progress: JSON lines on stdout, or lines for people on stderr."""
    console = Console(stderr=True)
    if as_json:
        yield lambda progress: print_json(progress, sys.stdout)
    elif not console.is_terminal:
        yield Plain(sys.stderr)
    else:
        with Bars(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn(), console=console
        ) as bars:
            yield Live(bars)


def print_json(progress: Progress, out: TextIO) -> None:
    """One line for one piece of progress."""
    out.write(json.dumps(asdict(progress) | {"seconds": round(progress.seconds, 3)}) + "\n")
    out.flush()


class Plain:
    """Lines for a log: the beginning and end of each step, and now and then where it is."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._next: dict[str, float] = {}

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time for one."""
        due = self._next.get(progress.step, 0.0)
        if not progress.done and progress.seconds < due:
            return
        self._next[progress.step] = progress.seconds + PLAIN_SECONDS
        count = f" {progress.count}/{progress.total}" if progress.total else ""
        end = " (done)" if progress.done else ""
        self._out.write(f"{progress.step:6}{progress.seconds:6.1f} s{count} {progress.text}{end}\n")
        self._out.flush()


class Live:
    """One bar a step on a terminal."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        """Bring the step's line up to date."""
        task = self._tasks.get(progress.step)
        if task is None:
            task = self._tasks[progress.step] = self._bars.add_task("", total=None)
        text = progress.text if len(progress.text) <= self._room() else progress.text[: self._room() - 1] + "…"
        self._bars.update(task, description=f"{progress.step:6} {_escaped(text)}")
        if progress.total:
            self._bars.update(task, total=progress.total, completed=progress.count)
        if progress.done:
            self._bars.update(task, total=1, completed=1)
            self._bars.stop_task(task)

    def _room(self) -> int:
        return max(20, self._bars.console.width - 45)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
