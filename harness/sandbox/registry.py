"""Sandboxes of this user that are alive, so that other processes can find and reach them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UsageError
from harness.sandbox import ownership
from sandbox_image.wire import Size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from harness.sandbox.client import Client

_FILE = "state.json"


class Record(BaseModel):
    """One sandbox, as its owner wrote it down once it answered."""

    model_config = ConfigDict(frozen=True)

    id: str
    container: str
    image: str
    screen: Size
    socket: Path  # of its server, on this host
    pid: int  # of the owner
    kept: bool = False  # the owner does nothing but keep it: it may be told to end
    created: float  # seconds since the epoch
    ends: float | None = None  # when its owner will end it, in the same

    def write(self, folder: Path) -> None:
        """Leave it in the sandbox's folder, whole or not at all."""
        ownership.leave(folder / _FILE, self.model_dump_json())


def read(folder: Path) -> Record | None:
    """What its owner wrote down; None where it is not ready yet, gone meanwhile, or of another version."""
    try:
        return Record.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def records(root: Path) -> list[Record]:
    """Sandboxes whose owners live, oldest first."""
    found = [record for folder in ownership.sandbox_folders(root) if (record := read(folder))]
    return sorted((one for one in found if ownership.alive(root, one.id)), key=lambda one: one.created)


def pick(candidates: list[Record], wanted: str | None) -> Record:
    """The sandbox with this id or beginning of one. Raises UsageError where that is not exactly one.

    Where none is named, the only one that is kept in the background; where none is kept, the only one there is.
    """
    if not candidates:
        raise UsageError("no desktop is running: start one with `harness desktop start`")
    if wanted is None:
        candidates = [one for one in candidates if one.kept] or candidates
    matching = [one for one in candidates if one.id.startswith(wanted or "")]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(one.id for one in matching or candidates)
    if not matching:
        raise UsageError(f"no desktop {wanted!r} is running; there is {known}")
    raise UsageError(f"{f'{wanted!r} means' if wanted else 'there are'} several desktops, name one: {known}")


@asynccontextmanager
async def connected(record: Record) -> AsyncIterator[Client]:
    """The wire to a sandbox that some process of this user owns."""
    from harness.sandbox.client import Client  # noqa: PLC0415 - listing sandboxes needs no HTTP

    client = Client(record.socket)
    try:
        yield client
    finally:
        await client.aclose()
