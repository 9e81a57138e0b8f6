"""A run on disk: `run.json`, `events.jsonl`, `frames/`, `files/`. A crash at any byte leaves a readable run."""

from __future__ import annotations

import json
import platform
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from harness.events import EVENT, Event, FrameCaptured, RunFinished, RunStarted, SandboxStarted, StepFinished

_SLUG = 40


class RunFolder:
    """Keeps the events of one run as they happen; call it with each. Use it as a context manager."""

    def __init__(self, root: Path, name: str) -> None:
        """Make `root/<time>-<slug of name>`, with a number behind it where that is taken."""
        self.path = _fresh(root, f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{slug(name)}")  # noqa: TID251 - a name for people
        self.files = self.path / "files"
        (self.path / "frames").mkdir()
        self._log = (self.path / "events.jsonl").open("a", encoding="utf-8")
        self._seen: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Write an event down before anything else happens."""
        if isinstance(event, FrameCaptured):
            self._keep(event)
            event = event.model_copy(update={"data": b""})
        self._log.write(f"{event.model_dump_json()}\n")
        self._log.flush()
        self._seen.append(event)
        if isinstance(event, RunStarted | RunFinished):
            write_whole(self.path / "run.json", json.dumps(summary(self._seen), indent=2, ensure_ascii=False).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def _keep(self, event: FrameCaptured) -> None:
        """A frame under the name of its content: the same picture is stored once."""
        path = frame_path(self.path, event)
        if not path.exists():
            write_whole(path, event.data)


def frame_path(run: Path, event: FrameCaptured) -> Path:
    """Where a frame lies in a run's folder."""
    return run / "frames" / f"{event.frame}.{'jpg' if event.format == 'jpeg' else event.format}"


def read_events(run: Path) -> tuple[Event, ...]:
    """The events of a run's folder; a line that was cut off by a crash, and what may follow it, is left out."""
    try:
        lines = (run / "events.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    events: list[Event] = []
    with suppress(ValidationError):
        events.extend(EVENT.validate_json(line) for line in lines if line)
    return tuple(events)


def summary(events: Iterable[Event]) -> dict[str, object]:
    """A run in one object: what `run.json` holds and `--json` prints."""
    told: dict[str, object] = {"outcome": "unfinished", "python": platform.python_version()}
    counts: dict[str, int] = {}
    for event in events:
        match event:
            case RunStarted():
                told |= event.model_dump(mode="json", include={"name", "file", "tags", "screen", "version"})
                told["started"] = event.at.isoformat()
            case SandboxStarted():
                told["image"] = event.image
            case StepFinished():
                counts[event.status] = counts.get(event.status, 0) + 1
            case RunFinished():
                told |= event.model_dump(mode="json", include={"outcome", "seconds", "message", "step"})
                told["finished"] = event.at.isoformat()
            case _:
                pass
    return {**told, "steps": counts}


def slug(name: str) -> str:
    """A name as part of a path: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].rstrip("-") or "run"


def _fresh(root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    number, path = 1, root / name
    while True:
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
            path = root / f"{name}-{number}"
        else:
            return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there is replaced."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
