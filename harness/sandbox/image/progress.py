"""What a build tells while it runs, and the lock that keeps two builds apart."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Progress:
    """One thing worth telling. `seconds` count from the start of the step; `total` is 0 where it is not known."""

    step: str
    text: str
    seconds: float
    count: int = 0
    total: int = 0
    done: bool = False


@dataclass
class Steps:
    """Tells progress to a listener, step by step. The listener is called in the thread that works."""

    listener: Callable[[Progress], None]
    _name: str = ""
    _since: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[None]:
        """One step of the work, told when it begins and, unless it fails, when it is done."""
        self._name, self._since = name, time.monotonic()
        self.tell(text)
        yield
        self.tell(text, done=True)

    def tell(self, text: str, *, count: int = 0, total: int = 0, done: bool = False) -> None:
        """Something within the current step."""
        self.listener(Progress(self._name, text, time.monotonic() - self._since, count, total, done))


def cache_folder() -> Path:
    """Where builds keep what the next build can use."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harness"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def hold(path: Path, steps: Steps) -> Iterator[None]:
    """Hold the lock file; says so where somebody else has it first."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.step("wait", "another build is running; waiting for it"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
