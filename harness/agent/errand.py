"""A task with files: what goes into the sandbox before it, and what comes out after."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.agent.task import Earlier, People, Task, run_task
from harness.collected import free_path
from harness.errors import ActionFailed, UsageError
from harness.events import FileCollected
from harness.model.opening import Around, plain

if TYPE_CHECKING:
    from harness.agent.control import Control
    from harness.agent.outcome import Outcome
    from harness.events import Emit
    from harness.model.reach import Reach
    from harness.sandbox.desktop import Desktop


@dataclass(frozen=True, slots=True)
class Errand:
    """`put` are local paths, each with its place in the sandbox; `collect` are paths in the sandbox."""

    task: Task
    put: Sequence[tuple[Path, str]] = ()
    collect: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """How the task ended, None where it had before, and what could not be collected, in words."""

    outcome: Outcome | None
    missing: tuple[str, ...] = ()


async def run_errand(
    errand: Errand,
    desktop: Desktop,
    emit: Emit,
    files: Path,
    *,
    people: People | None = None,
    control: Control | None = None,
    reach: Reach | None = None,
    around: Around = plain,
    earlier: Earlier | None = None,
) -> Done:
    """Put files, do the task or go on with it, and collect into the folder `files`, whatever the outcome.

    Raises UsageError or FileFailed where a file cannot be put: then the task was not begun.
    """
    for source, path in () if earlier else errand.put:
        await desktop.put(source, path)
    outcome = await run_task(
        errand.task, desktop, emit, people=people, control=control, reach=reach, around=around, earlier=earlier
    )
    return Done(outcome, await collected(errand, desktop, emit, files))


async def collected(errand: Errand, desktop: Desktop, emit: Emit, files: Path) -> tuple[str, ...]:
    """Collect into the folder `files`; what could not be, in words."""
    problems = [await _collect(path, desktop, emit, files) for path in errand.collect]
    return tuple(problem for problem in problems if problem)


async def _collect(path: str, desktop: Desktop, emit: Emit, files: Path) -> str:
    """Bring one out and tell of it; why that could not be."""
    target = await asyncio.to_thread(free_path, files, path)
    try:
        await desktop.get(path, target)
    except (ActionFailed, UsageError) as error:
        return f"{path} could not be collected: {error}"
    emit(FileCollected(source=path, name=target.name))
    return ""


def placed(given: str) -> tuple[Path, str]:
    """`FILE` or `FILE:PLACE` as a local path and where it goes: into the home under its name, unless told otherwise.

    A place that ends in a slash is a folder to put it into. Raises UsageError where there is no such file.
    """
    name, place = (given, "") if Path(given).exists() else given.partition(":")[::2]
    source = Path(name)
    if not source.exists():
        raise UsageError(f"{name} does not exist; what is put is FILE or FILE:PLACE, a place in the sandbox")
    if not place or place.endswith("/"):
        place = posixpath.join(place, source.resolve().name)
    return source, place
