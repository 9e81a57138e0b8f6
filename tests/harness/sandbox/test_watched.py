"""A guest that was lost is explained; everything else passes as it is."""

from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from harness.errors import SandboxLost
from harness.sandbox.watched import Watched
from sandbox_image.wire import (
    Answer,
    Event,
    Exit,
    FileInfo,
    Listen,
    Output,
    Perform,
    ReadFile,
    Region,
    Reply,
    Shell,
    Window,
    WindowList,
    WriteFile,
)

PERFORM, SHELL = Perform(id="perform-1"), Shell(id="shell-01", command="true")
READ, WRITE = ReadFile(path="a"), WriteFile(path="a")
LISTEN = Listen(windows=True)
WINDOW = Window(
    id=1, title="", window_class=("", ""), pid=None, region=Region(x=0, y=0, width=1, height=1), active=False
)
INFO = FileInfo(path="/a", type="file", bytes=1, mode=0o644)


class Guest:
    """Answers once everything; loses the sandbox in the middle where it is told to."""

    def __init__(self, *, lost: bool) -> None:
        self.lost = lost
        self.closed = False

    def _lose(self) -> None:
        if self.lost:
            raise SandboxLost("nobody answers")

    async def perform(self, request: Perform) -> Answer:
        self._lose()
        return Answer(Reply(id=request.id, took_ms=1), b"")

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        try:
            yield Output(text=request.command)
            self._lose()
            yield Exit(code=0)
        finally:
            self.closed = True

    async def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        yield INFO
        self._lose()
        yield request.path.encode()

    async def write_file(self, request: WriteFile, content: object) -> FileInfo:
        del request, content
        self._lose()
        return INFO

    async def events(self, request: Listen) -> AsyncGenerator[Event]:
        yield WindowList(windows=())
        self._lose()
        yield WindowList(windows=(WINDOW,) if request.windows else ())


async def nothing() -> AsyncIterator[bytes]:
    return
    yield


async def explain(error: SandboxLost) -> SandboxLost:
    return SandboxLost(f"{error}: it ran out of memory")


async def test_answers_pass_as_they_are() -> None:
    watched = Watched(Guest(lost=False), explain)
    assert (await watched.perform(PERFORM)).reply.id == "perform-1"
    assert [event async for event in watched.shell(SHELL)] == [Output(text="true"), Exit(code=0)]
    assert [piece async for piece in watched.read_file(READ)] == [INFO, b"a"]
    assert await watched.write_file(WRITE, nothing()) == INFO
    assert [event async for event in watched.events(LISTEN)] == [WindowList(windows=()), WindowList(windows=(WINDOW,))]


async def test_a_loss_is_explained_whatever_was_under_way() -> None:
    watched = Watched(Guest(lost=True), explain)
    with pytest.raises(SandboxLost, match="ran out of memory"):
        await watched.perform(PERFORM)
    with pytest.raises(SandboxLost, match="ran out of memory"):
        _ = [event async for event in watched.shell(SHELL)]
    with pytest.raises(SandboxLost, match="ran out of memory"):
        _ = [piece async for piece in watched.read_file(READ)]
    with pytest.raises(SandboxLost, match="ran out of memory"):
        await watched.write_file(WRITE, nothing())
    with pytest.raises(SandboxLost, match="ran out of memory"):
        _ = [event async for event in watched.events(LISTEN)]


async def test_a_stream_that_nobody_wants_any_more_ends_in_the_guest_at_once() -> None:
    guest = Guest(lost=False)
    events = Watched(guest, explain).shell(SHELL)
    await anext(events)
    await events.aclose()
    assert guest.closed
