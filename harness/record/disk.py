"""Files of a run, written so that a crash at any byte leaves them readable: whole or not at all, or line by line."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Literal

_SUFFIXES = {"jpeg": "jpg"}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there is replaced."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def compact(value: object, surrogates: Literal["surrogatepass", "replace"] = "replace") -> bytes:
    """JSON in one line. Half a surrogate pair, which models may write, becomes `?`, or passes for what it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", surrogates)


def frame_path(run: Path, frame: str, form: str) -> Path:
    """Where a picture of this hash and format (`png`, `jpeg`) lies in a run's folder."""
    return run / "frames" / f"{frame}.{_SUFFIXES.get(form, form)}"


def keep_frame(run: Path, data: bytes, form: str) -> str:
    """Keep a picture under the name of its content, so that the same is stored once; its hash."""
    frame = sha256(data).hexdigest()
    path = frame_path(run, frame, form)
    if not path.exists():
        write_whole(path, data)
    return frame


class Log:
    """A file of lines that is only added to; made with the first line, and for its owner alone.

    What a crash left of a last line is cut off before the next one is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def write(self, line: bytes) -> None:
        """Write a line, which is on its way to the disk when this returns."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.ftruncate(self._file, self._whole())
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _whole(self) -> int:
        """Bytes of all lines that have their end."""
        return self.path.read_bytes().rfind(b"\n") + 1


def lines(log: Path) -> list[bytes]:
    """Lines of a log that hold something, the last one perhaps cut off; none where there is no such file."""
    try:
        return [line for line in log.read_bytes().split(b"\n") if line]
    except FileNotFoundError:
        return []
