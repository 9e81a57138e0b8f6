"""`harness desktop put` and `get`: files and folders in and out, as `cp` does it."""

from __future__ import annotations

import json
import posixpath
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from harness.cli.targets import Json, meant, read_as, run
from harness.errors import FileFailed, UsageError
from harness.sandbox.desktop import Desktop
from harness.sandbox.registry import Record, connected
from harness.sandbox.spec import parse_bytes
from sandbox_image.wire import ErrorCode

_SHOWN_AFTER = 1.0  # seconds


def put(
    words: Annotated[list[str], typer.Argument(metavar="[ID] SOURCE [PATH]", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Copy a file or folder into the desktop, home where PATH is not given; SOURCE `-` is standard input.

    Into PATH where that is a folder, as PATH where it is not: `desktop put report.ods`, `desktop put src/ work/src`.
    """
    record, rest = meant(words)
    source, path = _two(rest, "a file or folder, and a place in the desktop", "~")
    told = run(_put(record, source, path))
    typer.echo(json.dumps(told) if as_json else told["path"])


def get(
    words: Annotated[list[str], typer.Argument(metavar="[ID] PATH [TARGET]", show_default=False)],
    *,
    limit: Annotated[str, typer.Option(help="The most that is taken.")] = "1g",
    as_json: Json = False,
) -> None:
    """Copy a file or folder out of the desktop, into this folder where TARGET is not given.

    Into TARGET where that is a folder, as TARGET where it is not; `-` is standard output, for a file.
    """
    record, rest = meant(words)
    path, to = _two(rest, "a place in the desktop, and a file or folder", ".")
    told = run(_get(record, path, to, into=Path(to).is_dir(), limit=read_as(parse_bytes, limit)))
    if to != "-":
        typer.echo(json.dumps(told) if as_json else told["path"])


async def _put(record: Record, source: str, path: str) -> dict[str, object]:
    what = sys.stdin.buffer.read() if source == "-" else Path(source)
    async with connected(record) as client:
        desktop = Desktop(client, record.screen)
        if isinstance(what, Path) and (path.endswith("/") or await _is_folder(desktop, path)):
            path = posixpath.join(path, what.resolve().name)
        with _shown(source) as progress:
            info = await desktop.put(what, path, progress=progress)
    return info.model_dump(include={"path", "type", "bytes"})


async def _get(record: Record, path: str, to: str, *, into: bool, limit: int) -> dict[str, object]:
    async with connected(record) as client:
        desktop = Desktop(client, record.screen)
        if to == "-":
            sys.stdout.buffer.write(await desktop.read(path, limit=limit))
            return {}
        place = Path(to)
        if into:
            place /= (await desktop.stat(path)).name
        with _shown(path) as progress:
            info = await desktop.get(path, place, limit=limit, progress=progress)
    for name in info.left_out:
        typer.echo(f"left out, as a link that leads out or what may not be read: {name}", err=True)
    left_out = {"left_out": info.left_out} if info.left_out else {}
    return {"path": str(place), "type": info.type, "bytes": info.bytes} | left_out


async def _is_folder(desktop: Desktop, path: str) -> bool:
    try:
        await desktop.ls(path, limit=1)
    except FileFailed as failed:
        if failed.code is ErrorCode.DENIED:
            raise
        return False
    return True


def _two(words: list[str], wanted: str, second: str) -> tuple[str, str]:
    match words:
        case [first]:
            return first, second
        case [first, other]:
            return first, other
    raise UsageError(f"{wanted}, is what there is to say; found {' '.join(words)!r}")


@contextmanager
def _shown(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar at the terminal for what takes longer than a second."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(name, total=None)
    began = time.monotonic()

    def progress(done: int, total: int | None) -> None:
        if console.is_terminal and time.monotonic() - began > _SHOWN_AFTER:
            bar.start()
            bar.update(task, completed=done, total=total)

    try:
        yield progress
    finally:
        bar.stop()
