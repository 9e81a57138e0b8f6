"""Where files that come out of a sandbox go on the host."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

FALLBACK = "collected"


def free_path(files: Path, name: str) -> Path:
    """A path below the folder `files`, made where it is not there, that nothing has yet: name.png, then name-2.png."""
    files.mkdir(parents=True, exist_ok=True)
    safe = PurePosixPath(name).name
    safe = safe if safe not in {"", ".", ".."} else FALLBACK
    stem, suffix = Path(safe).stem, Path(safe).suffix
    number, path = 1, files / safe
    while path.exists():
        number += 1
        path = files / f"{stem}-{number}{suffix}"
    return path
