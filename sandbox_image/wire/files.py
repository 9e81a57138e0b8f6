r"""Files, with the desktop user's rights.

A path is absolute or starts at the desktop user's home. File names are bytes, JSON is Unicode: what of a name is not
UTF-8 is written `\xHH`, two hexadecimal digits for a byte, and so is a backslash, `\x5c`. A path that goes in may be
written so; names that come out always are, so each can be sent back as it came.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox_image.wire.base import Message

FilePath = Annotated[str, Field(min_length=1, max_length=16_384)]


class ReadFile(Message):
    """Bring a file, or a folder as a tar stream, with the desktop user's rights."""

    kind: Literal["read_file"] = "read_file"
    path: FilePath


class WriteFile(Message):
    """Put a file, or a folder from a tar stream, with the desktop user's rights: whole or not at all.

    Missing folders are made. A folder that is there is merged with what comes, once all of it has come.
    """

    kind: Literal["write_file"] = "write_file"
    path: FilePath
    mode: int | None = Field(default=None, ge=0, le=0o777)  # None: as it is there, 644 where it is new
    unpack: bool = False  # what comes is a folder


class FileInfo(Message):
    """What stands at a path, links followed."""

    kind: Literal["file_info"] = "file_info"
    path: str  # absolute
    type: Literal["file", "folder"]
    bytes: int = Field(ge=0)  # of a file; 0 for a folder
    mode: int = Field(ge=0, le=0o7777)


class ListFolder(Message):
    """Tell what is in a folder, in order of the names' bytes, a page at a time."""

    kind: Literal["list_folder"] = "list_folder"
    path: FilePath
    after: str = Field(default="", max_length=1024)  # go on after this name, which need not be there any more
    limit: int = Field(default=1000, ge=1, le=5000)  # entries; a page of long names ends earlier


class FindFile(Message):
    """Tell what stands at a path, a link as a link."""

    kind: Literal["find_file"] = "find_file"
    path: FilePath


class Entry(Message):
    """One thing in a folder."""

    kind: Literal["entry"] = "entry"
    name: str
    type: Literal["file", "folder", "link", "special"]
    bytes: int = Field(ge=0)
    mode: int = Field(ge=0, le=0o7777)
    modified: float  # seconds since 1970
    target: str | None = None  # of a link, as it is written there


class FolderPage(Message):
    """Some of what is in a folder."""

    kind: Literal["folder_page"] = "folder_page"
    path: str  # absolute
    entries: tuple[Entry, ...]
    after: str | None  # what `ListFolder.after` has to be for the next page; None at the end


class RemoveFile(Message):
    """Remove a file or a link, or a folder with all in it."""

    kind: Literal["remove_file"] = "remove_file"
    path: FilePath


FileAction = ListFolder | FindFile | RemoveFile
"""What is done with files in a `Perform`, by the process with the desktop user's rights."""
