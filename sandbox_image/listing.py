"""What a folder holds, page by page, in constant memory however much that is.

A page goes on after a name, so it needs no memory of the page before and nothing that stays is told twice or left
out, whatever comes and goes meanwhile. Plain functions that block: the worker calls them in a thread.
"""

from __future__ import annotations

import heapq
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox_image.archive import told
from sandbox_image.files import absolute, meant, refusing

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOM = 1 << 20  # bytes of a page; a frame has room for one entry more
_TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


class Page(NamedTuple):
    """The fields of `wire.FolderPage`."""

    path: str
    entries: list[dict[str, Any]]
    after: str | None


def list_folder(path: str, after: str, limit: int) -> Page:
    """The entries that follow a name, in order of their bytes. Raises Fault."""
    full, start = absolute(path), meant(after)
    with refusing(f"list {told(full)}"):
        names = heapq.nsmallest(limit + 1, (name for name in _names(full) if name > start))
        entries: list[dict[str, Any]] = []
        seen, room = 0, _ROOM
        while seen < min(limit, len(names)) and room > 0:
            with suppress(FileNotFoundError):  # it went meanwhile
                entries.append(describe(os.path.join(full, os.fsdecode(names[seen]))))
                room -= len(json.dumps(entries[-1]))
            seen += 1
    return Page(told(full), entries, told(os.fsdecode(names[seen - 1])) if seen < len(names) else None)


def describe(path: str) -> dict[str, Any]:
    """What stands at a path, a link as a link: the fields of `wire.Entry`. Raises OSError."""
    status = os.lstat(path)
    kind = _TYPES.get(stat.S_IFMT(status.st_mode), "special")
    return {
        "name": told(os.path.basename(path)),
        "type": kind,
        "bytes": status.st_size,
        "mode": stat.S_IMODE(status.st_mode),
        "modified": status.st_mtime,
        "target": told(os.readlink(path)) if kind == "link" else None,
    }


def find(path: str) -> dict[str, Any]:
    """`describe` for a path as the wire has it. Raises Fault."""
    full = absolute(path)
    with refusing(f"find {told(full)}"):
        return describe(full)


def _names(folder: str) -> Iterator[bytes]:
    with os.scandir(os.fsencode(folder)) as entries:
        for entry in entries:
            yield entry.name
