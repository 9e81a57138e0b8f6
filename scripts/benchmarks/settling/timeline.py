"""One recording: an input, what happened in the seconds after it, and when the screen was what it was to be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmarks.settling.kinds import Answer

Load = Literal["idle", "busy", "player"]
"""What else the machine does: nothing; other work on all its cores; a program of the desktop that is always at it."""
CARET = 64
"""A frame that differs in no more pixels is the last one, but for a caret."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times are milliseconds since the input was done."""

    scene: str
    kind: str
    answer: Answer
    load: Load
    usual: float | None  # processors at work before the input
    signs: list[tuple[float, float, bool]]  # time, milliseconds of processor time so far, whether a job runs
    damage: list[tuple[float, int, int, int, int]]
    frames: list[tuple[float, int]]  # from this time on so many pixels differed from the last frame

    @classmethod
    def of(cls, recorded: dict[str, Any]) -> Timeline:
        """From JSON, as it was written."""
        return cls(**recorded)

    def as_json(self) -> dict[str, Any]:
        """For the file of evidence."""
        return asdict(self)

    def final_at(self, ended: float) -> bool:
        """Whether a picture taken then would have shown the last frame."""
        return next(pixels for at, pixels in reversed(self.frames) if at <= ended) <= CARET

    @property
    def final(self) -> float:
        """When the last frame was there for good."""
        late = [index for index, (_, pixels) in enumerate(self.frames) if pixels > CARET]
        return self.frames[late[-1] + 1][0] if late and late[-1] + 1 < len(self.frames) else 0.0
