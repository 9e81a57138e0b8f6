"""A guest that tells why it was lost: the wire only sees that nobody answers, the engine knows what happened."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, TypeVar

from harness.errors import SandboxLost

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

    from sandbox_image.wire import (
        Answer,
        Event,
        Exit,
        FileInfo,
        Guest,
        Listen,
        Output,
        Perform,
        ReadFile,
        Shell,
        WriteFile,
    )

T = TypeVar("T")


class Watched:
    """Passes everything on to a guest; `explain` turns its SandboxLost into one that says what became of it."""

    def __init__(self, guest: Guest, explain: Callable[[SandboxLost], Awaitable[SandboxLost]]) -> None:
        self._guest = guest
        self._explain = explain

    async def perform(self, request: Perform) -> Answer:
        """As the guest."""
        try:
            return await self._guest.perform(request)
        except SandboxLost as error:
            raise await self._explain(error) from error

    def shell(self, request: Shell) -> AsyncGenerator[Output | Exit]:
        """As the guest."""
        return self._pass(self._guest.shell(request))

    def read_file(self, request: ReadFile) -> AsyncGenerator[FileInfo | bytes]:
        """As the guest."""
        return self._pass(self._guest.read_file(request))

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """As the guest."""
        try:
            return await self._guest.write_file(request, content)
        except SandboxLost as error:
            raise await self._explain(error) from error

    def events(self, request: Listen) -> AsyncGenerator[Event]:
        """As the guest."""
        return self._pass(self._guest.events(request))

    async def _pass(self, stream: AsyncIterator[T]) -> AsyncGenerator[T]:
        """A stream of the guest; closed with this one, so that its work ends when nobody wants it any more."""
        try:
            async for one in stream:
                yield one
        except SandboxLost as error:
            raise await self._explain(error) from error
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()
