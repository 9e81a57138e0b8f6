"""What the reports of all kinds of runs show: the sandbox, and the pictures that are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.events import Event, FileCollected, FrameCaptured, SandboxStarted
from harness.record.disk import frame_path


@dataclass(kw_only=True)
class Page:
    """What a template shows of any run."""

    run_folder: Path
    frames: dict[str, FrameCaptured] = field(default_factory=dict)  # by hash
    paths: dict[str, str] = field(default_factory=dict)  # of frames that are there, relative
    sandbox: SandboxStarted | None = None
    files: list[FileCollected] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Show what an event tells."""
        match event:
            case SandboxStarted():
                self.sandbox = event
            case FileCollected():
                self.files.append(event)
            case FrameCaptured(frame=frame, format=form):
                path = frame_path(self.run_folder, frame, form)
                if path.exists():
                    self.frames[frame] = event
                    self.paths[frame] = path.relative_to(self.run_folder).as_posix()
            case _:
                pass
