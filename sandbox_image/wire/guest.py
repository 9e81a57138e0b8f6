"""The one seam between host and sandbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Protocol

from sandbox_image.wire.events import Event, Listen
from sandbox_image.wire.files import FileInfo, ReadFile, WriteFile
from sandbox_image.wire.perform import Answer, Perform
from sandbox_image.wire.shell import Exit, Output, Shell


class Guest(Protocol):
    """A desktop at the level of the wire: the X desktop in the sandbox, its HTTP client, a fake for tests.

    Cancelling the task that awaits a method ends the work and releases what it pressed.
    The other methods than `perform` raise `Refused` where nothing could be started or the work was cut off.
    """

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, settle, take the picture. What went wrong is told in `reply.failure`."""
        ...

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """Run a command; yields output as it comes and ends with an `Exit`."""
        ...

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """Yield what stands at the path, then a file's bytes, or a folder's content as tar, in bounded pieces."""
        ...

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write a file from pieces."""
        ...

    def events(self, request: Listen) -> AsyncGenerator[Event]:
        """Yield live frames and lists of windows: the newest one there is each time the next is asked for.

        Goes on until it is closed; raises `Refused` where it cannot go on.
        """
        ...
