"""The server's side of the worker: shell, files and launching as the methods of `wire.Guest`.

What comes back is untrusted: it crosses a process of the desktop user. Whatever it is, it ends in a message of the
wire or in `Refused`.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field, TypeAdapter

from sandbox_image.channel import Channel, ChannelError, Frame, Kind
from sandbox_image.wire import (
    ErrorCode,
    Exit,
    Failure,
    FileInfo,
    Message,
    Output,
    ProgramList,
    ReadFile,
    Refused,
    Result,
    Shell,
    WaitPrograms,
    WireError,
    WorkerAction,
    WriteFile,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator

    from sandbox_image.wire.shell import Stream

M = TypeVar("M", bound=Message)
_RESULT: TypeAdapter[Result | Failure] = TypeAdapter(Annotated[Result | Failure, Field(discriminator="kind")])
_EXIT: TypeAdapter[Exit | Failure] = TypeAdapter(Annotated[Exit | Failure, Field(discriminator="kind")])
_FILE: TypeAdapter[FileInfo | Failure] = TypeAdapter(Annotated[FileInfo | Failure, Field(discriminator="kind")])
_LIST: TypeAdapter[ProgramList | Failure] = TypeAdapter(Annotated[ProgramList | Failure, Field(discriminator="kind")])
_LOST = "the process that does this as the desktop user ended; it is started again: repeat the request"
_ENDING = 5.0  # seconds that cancelled work may take to end before it is left to itself
_LATE = 5.0  # seconds past a command's limit after which the worker is taken to be stuck
_NOTICE = 128 << 10  # bytes that background jobs and cuts in the output may add to it


class Worker:
    """The worker that is there, and the next one when that ends."""

    def __init__(self) -> None:
        self._main: socket.socket | None = None
        self._attached = asyncio.Event()

    def attach(self, main: socket.socket) -> None:
        """A worker was started; `main` is our end of its main socket, and ours to close."""
        self.close()
        main.setblocking(False)  # noqa: FBT003 - the socket takes it by position
        self._main = main
        asyncio.get_running_loop().add_reader(main, self.close)  # it never writes there: readable is its end
        self._attached.set()

    def close(self) -> None:
        """Let go of the worker, which ends it; requests wait for the next one."""
        if self._main:
            asyncio.get_running_loop().remove_reader(self._main)
            self._main.close()
        self._main = None
        self._attached.clear()

    async def do(self, action: WorkerAction) -> Result:
        """One action."""
        async with self._open(action) as channel:
            answer = decode(_RESULT, (await _expect(channel, Kind.MESSAGE)).body)
        if isinstance(answer, Failure):
            raise Refused(answer.code, answer.message)
        return answer

    async def programs(self, before: ProgramList | None) -> ProgramList:
        """The programs, once they are others than before. Where a worker ends meanwhile, the next one is asked."""
        known = None if before is None else {program.log: program.running for program in before.programs}
        while True:
            async with self._open(WaitPrograms(before=known)) as channel:
                frame = await channel.read()
            if frame is not None:
                return _unless_failed(decode(_LIST, frame.body))

    async def shell(self, request: Shell) -> AsyncGenerator[Output | Exit]:
        """Run a command; yields output as it comes and ends with an `Exit`."""
        clock = asyncio.get_running_loop().time
        end = clock() + request.timeout_ms / 1000
        await self._worker_until(end)
        left = max(1, round((end - clock()) * 1000))
        texts = _Texts("stdout" if request.separate else "both")
        room = request.max_output + _NOTICE
        async with self._open(request.model_copy(update={"timeout_ms": left})) as channel:
            while (frame := await _by(end + _LATE, channel)).kind is not Kind.MESSAGE:
                room -= len(frame.body)
                if room < 0:
                    raise ChannelError("more output than was asked for")
                if told := texts.feed(frame):
                    yield told
            ended = _unless_failed(decode(_EXIT, frame.body))
            for rest in texts.rest():
                yield rest
            yield ended

    async def read_file(self, request: ReadFile) -> AsyncGenerator[FileInfo | bytes]:
        """Yield what stands at the path, then its content."""
        async with self._open(request) as channel:
            yield _unless_failed(decode(_FILE, (await _expect(channel, Kind.MESSAGE)).body))
            while (frame := await _read(channel)).kind is Kind.BYTES:
                yield frame.body
            if frame.kind is Kind.MESSAGE:
                _unless_failed(decode(_FILE, frame.body))
                raise ChannelError("a second description of one file")

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write a file from pieces; nothing is left of it where they break off."""
        async with self._open(request) as channel:
            answer = asyncio.ensure_future(_expect(channel, Kind.MESSAGE))
            try:
                await _send(channel, content, answer)
                return _unless_failed(decode(_FILE, (await answer).body))
            finally:
                answer.cancel()
                with suppress(asyncio.CancelledError, ChannelError, Refused):
                    await answer

    @asynccontextmanager
    async def _open(self, request: Message) -> AsyncIterator[Channel]:
        """A private channel on which the request has been sent; left early, the work on it is ended first."""
        channel = await Channel.open(await self._hand_over())
        done = False
        try:
            channel.write(Kind.MESSAGE, encode(request))
            yield channel
            done = True
        except (ChannelError, WireError) as error:
            raise Refused(ErrorCode.INTERNAL, f"the worker answered what it may not: {error}") from None
        finally:
            if not done:
                await channel.finish(_ENDING)
            await channel.close()

    async def _hand_over(self) -> socket.socket:
        """Give the worker one end of a new socket pair; the other end."""
        while True:
            await self._attached.wait()
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(_there(self._main), [b"request"], [theirs.fileno()])
                except BlockingIOError:
                    ours.close()
                    raise Refused(ErrorCode.WORKER_LOST, "the worker takes no more requests; try again later") from None
                except OSError:
                    ours.close()
                    self.close()
                else:
                    return ours

    async def _worker_until(self, end: float) -> None:
        try:
            async with asyncio.timeout_at(end):
                await self._attached.wait()
        except TimeoutError:
            raise Refused(ErrorCode.WORKER_LOST, "the worker did not come back in time; try again later") from None


class _Texts:
    """Bytes of several streams as events, no character of one cut in two."""

    def __init__(self, first: Stream) -> None:
        self._streams: dict[Kind, Stream] = {Kind.BYTES: first, Kind.ERRORS: "stderr", Kind.LATE: "background"}
        self._begun: dict[Kind, bytes] = {}

    def feed(self, frame: Frame, *, final: bool = False) -> Output | None:
        """What is whole by now of a stream."""
        data = self._begun.pop(frame.kind, b"") + frame.body
        text, used = codecs.utf_8_decode(data, "replace", final)
        self._begun[frame.kind] = data[used:]
        if not used:
            return None
        faithful = "\ufffd" not in text or text.encode() == data[:used]
        raw = None if faithful else base64.b64encode(data[:used]).decode()
        return Output(text=text, stream=self._streams[frame.kind], raw=raw)

    def rest(self) -> Iterator[Output]:
        """What was begun and never ended."""
        for kind in tuple(self._begun):
            if told := self.feed(Frame(kind, b""), final=True):
                yield told


def _there(main: socket.socket | None) -> socket.socket:
    if main is None:
        raise BrokenPipeError
    return main


async def _send(channel: Channel, content: AsyncIterable[bytes], answer: asyncio.Future[Frame]) -> None:
    """Send the content until its end, or until the worker has answered already: it refused."""
    async for piece in content:
        if answer.done():
            return
        if piece:
            channel.write(Kind.BYTES, piece)
            await channel.drain()
    channel.write(Kind.END)


async def _read(channel: Channel) -> Frame:
    frame = await channel.read()
    if frame is None:
        raise Refused(ErrorCode.WORKER_LOST, _LOST)
    return frame


async def _by(end: float, channel: Channel) -> Frame:
    """The next frame of a shell, which may be late, but not for ever."""
    try:
        async with asyncio.timeout_at(end):
            frame = await _read(channel)
    except TimeoutError:
        raise Refused(ErrorCode.WORKER_LOST, "the worker let the command's time pass without an answer") from None
    if frame.kind is Kind.END:
        raise ChannelError("an end without an exit")
    return frame


async def _expect(channel: Channel, kind: Kind) -> Frame:
    frame = await _read(channel)
    if frame.kind is not kind:
        raise ChannelError(f"{frame.kind.name} where {kind.name} was expected")
    return frame


def _unless_failed(answer: M | Failure) -> M:
    if isinstance(answer, Failure):
        raise Refused(answer.code, answer.message)
    return answer
