"""Files, with the desktop user's rights."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sandbox_image.wire.base import Message


class ReadFile(Message):
    """Bring a file, or a folder as a tar stream, with the desktop user's rights."""

    kind: Literal["read_file"] = "read_file"
    path: str = Field(min_length=1, max_length=4096)  # absolute, or from the desktop user's home


class WriteFile(Message):
    """Put a file with the desktop user's rights: whole or not at all; missing folders are made."""

    kind: Literal["write_file"] = "write_file"
    path: str = Field(min_length=1, max_length=4096)
    mode: int = Field(default=0o644, ge=0, le=0o777)


class FileInfo(Message):
    """What stands at a path."""

    kind: Literal["file_info"] = "file_info"
    path: str  # absolute
    type: Literal["file", "folder"]
    bytes: int = Field(ge=0)  # of a file; 0 for a folder
