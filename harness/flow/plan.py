"""A flow that was read: its steps in order, ready to run, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.flow.schema import Body, Common, Defaults, Phase
from sandbox_image.wire import Size

_WIDEST = 60  # characters of a title that the step says itself


@dataclass(frozen=True, slots=True)
class Step:
    """One step, ready to run."""

    id: str  # steps.3: phase and number, counted from 1
    phase: Phase
    kind: str
    body: Body
    common: Common
    line: int
    source: str  # its lines of the file
    secret: bool = False  # it uses a secret: no picture is kept of it

    @property
    def title(self) -> str:
        """The step in a few words."""
        line = " ".join(str(self.body).split())
        return self.common.name or f"{self.kind} {line if len(line) <= _WIDEST else f'{line[: _WIDEST - 1]}…'}"


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow file that says what it must, variables filled in."""

    path: Path
    source: str
    name: str
    tags: tuple[str, ...]
    screen: Size
    apps: tuple[str, ...]  # Debian packages that the image has beside its own
    defaults: Defaults
    timeout: float
    setup: tuple[Step, ...]
    steps: tuple[Step, ...]
    cleanup: tuple[Step, ...]
    variables: tuple[str, ...] = ()  # names declared
    secrets: tuple[str, ...] = ()
