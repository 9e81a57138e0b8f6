"""A run on disk: `run.json`, `events.jsonl`, `messages.jsonl`, `frames/`, `files/`.

A crash at any byte leaves a readable run. The folder is its owner's alone: pictures show whatever was on the screen.
"""

from __future__ import annotations

import json
import re
import unicodedata
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from harness.events import (
    EVENT,
    Event,
    FileCollected,
    FrameCaptured,
    RunFinished,
    RunStarted,
    SandboxStarted,
    Speaking,
    TaskFinished,
    TaskResumed,
    TaskStarted,
    TurnFinished,
)
from harness.record.disk import Log, compact, keep_frame, lines, write_whole
from harness.record.summary import summary

_SLUG = 40
_SUMMED_UP = (
    RunStarted,
    TaskStarted,
    TaskResumed,
    SandboxStarted,
    TurnFinished,
    FileCollected,
    RunFinished,
    TaskFinished,
)
"""Events after which `run.json` is written anew; steps are too many, and too quick."""


class RunFolder:
    """Keeps the events of one run as they happen; call it with each. Use it as a context manager.

    Takes the folder of a run that goes on; `new` makes one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = path / "files"
        self.messages = Log(path / "messages.jsonl")
        self._log = Log(path / "events.jsonl")
        self._seen = [*read_events(path)]

    @classmethod
    def new(cls, root: Path, name: str) -> Self:
        """Make `root/<time>-<slug of name>`, with a number behind it where that is taken."""
        path = _fresh(root, f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{slug(name)}")  # noqa: TID251 - a name for people
        (path / "frames").mkdir()
        return cls(path)

    def __call__(self, event: Event) -> None:
        """Write an event down before anything else happens."""
        match event:
            case Speaking():
                return  # what it adds up to follows
            case FrameCaptured():
                keep_frame(self.path, event.data, event.format)
                event = event.model_copy(update={"data": b""})
            case _:
                pass
        self._log.write(compact(event.model_dump(mode="json")))
        self._seen.append(event)
        if isinstance(event, _SUMMED_UP):
            told = json.dumps(summary(self._seen), indent=2, ensure_ascii=False)
            write_whole(self.path / "run.json", told.encode("utf-8", "replace"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()
        self.messages.close()


def read_events(run: Path) -> tuple[Event, ...]:
    """The events of a run's folder; a line that was cut off by a crash, and what may follow it, is left out."""
    events: list[Event] = []
    with suppress(ValidationError):
        events.extend(EVENT.validate_json(line) for line in lines(run / "events.jsonl"))
    return tuple(events)


def slug(name: str) -> str:
    """A name as part of a path: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].rstrip("-") or "run"


def _fresh(root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    number, path = 1, root / name
    while True:
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
            path = root / f"{name}-{number}"
        else:
            return path
