"""The server's side against real workers, and against an end that sends what no worker would."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from sandbox_image.channel import Channel, Kind
from sandbox_image.wire import ErrorCode, Exit, Output, Program, ProgramList, ReadFile, Refused, Shell, WriteFile
from sandbox_image.worker_link import Worker
from tests.support.guest_worker import launch, run, start_worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SHELL = Shell(id="test-0001", command="echo", timeout_ms=60_000)


class Pretender:
    """The worker's end of the main socket, in the hands of a test."""

    def __init__(self, link: Worker) -> None:
        ours, self._main = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link.attach(ours)

    async def take(self) -> Channel:
        """Accept the next request."""
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, self._main, 16, 1)
        channel = await Channel.open(socket.socket(fileno=descriptors[0]))
        request = await channel.read()
        assert request
        assert request.kind is Kind.MESSAGE
        return channel

    def close(self) -> None:
        """Go away."""
        self._main.close()


@pytest.fixture
async def link() -> AsyncIterator[Worker]:
    link = Worker()
    yield link
    link.close()


@pytest.fixture
async def pretender(link: Worker) -> AsyncIterator[Pretender]:
    pretender = Pretender(link)
    yield pretender
    pretender.close()


async def answered(link: Worker, pretender: Pretender, answer: bytes) -> Refused:
    """How a shell request ends that is answered with these bytes, after which the worker closes."""
    asking = asyncio.create_task(run(link, "echo"))
    channel = await pretender.take()
    channel._writer.write(answer)  # noqa: SLF001 - what a channel would not write
    await channel.close()
    with pytest.raises(Refused) as refused:
        await asking
    return refused.value


def frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body), kind) + body


@pytest.mark.parametrize(
    "answer",
    [
        frame(1, b"not json"),
        frame(1, b'{"kind": "exit", "code": "0"}'),
        frame(1, b'{"kind": "launched", "pid": 1, "log": "x"}'),
        frame(1, b"\xff\xfe"),
        frame(1, b'{"kind": "failure", "code": "no_such_code", "message": ""}'),
        frame(3, b""),
        frame(9, b""),
        b"\xff" * 100,
        frame(2, b"x" * 100) + b"\0",
        frame(2, b"x" * 1_200_000),
    ],
)
async def test_an_answer_that_is_none_is_refused_as_internal(link: Worker, pretender: Pretender, answer: bytes) -> None:
    assert (await answered(link, pretender, answer)).failure.code is ErrorCode.INTERNAL


async def test_a_failure_is_passed_on(link: Worker, pretender: Pretender) -> None:
    refused = await answered(link, pretender, frame(1, b'{"kind": "failure", "code": "denied", "message": "no"}'))
    assert (refused.failure.code, refused.failure.message) == (ErrorCode.DENIED, "no")


async def test_output_that_is_not_text_becomes_text(link: Worker, pretender: Pretender) -> None:
    asking = asyncio.create_task(run(link, "echo"))
    channel = await pretender.take()
    channel.write(Kind.BYTES, b"\xffa\xe4\xb8")
    channel.write(Kind.BYTES, b"\x96\xe4")
    channel.write(Kind.MESSAGE, b'{"kind": "exit", "code": 0}')
    await channel.close()
    assert (await asking).text == "\ufffda世\ufffd"


async def test_a_worker_that_goes_away_within_a_request_is_told_as_lost(link: Worker, pretender: Pretender) -> None:
    refused = await answered(link, pretender, frame(2, b"some output"))
    assert refused.failure.code is ErrorCode.WORKER_LOST
    assert "repeat" in refused.failure.message


async def test_whoever_waits_for_programs_asks_the_next_worker(link: Worker, pretender: Pretender) -> None:
    before = ProgramList(programs=(Program(pid=5, argv=("true",), log="/log", running=True, code=None),))
    waiting = asyncio.create_task(link.programs(before))
    channel = await pretender.take()
    pretender.close()
    await channel.close()
    second = Pretender(link)
    channel = await second.take()
    channel.write(Kind.MESSAGE, b'{"kind": "program_list", "programs": []}')
    await channel.close()
    assert (await waiting).programs == ()
    second.close()


async def test_whoever_waits_for_programs_no_more_ends_the_wait(link: Worker, pretender: Pretender) -> None:
    waiting = asyncio.create_task(link.programs(None))
    channel = await pretender.take()
    waiting.cancel()
    assert await channel.read() is None
    await channel.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_request_waits_for_a_worker_that_is_still_to_come(link: Worker) -> None:
    waiting = asyncio.create_task(launch(link, "true"))
    pretender = Pretender(link)
    channel = await pretender.take()
    channel.write(Kind.MESSAGE, b'{"kind": "launched", "pid": 5, "log": "/log"}')
    await channel.close()
    assert (await waiting).pid == 5
    pretender.close()


async def test_a_command_does_not_wait_for_a_worker_beyond_its_time(link: Worker) -> None:
    with pytest.raises(Refused) as refused:
        await run(link, "echo", timeout_ms=50)
    assert refused.value.failure.code is ErrorCode.WORKER_LOST


async def test_a_worker_that_ended_is_not_asked_again(link: Worker, pretender: Pretender) -> None:
    pretender.close()
    waiting = asyncio.create_task(run(link, "echo"))
    second = Pretender(link)
    channel = await second.take()
    channel.write(Kind.MESSAGE, b'{"kind": "exit", "code": 3}')
    await channel.close()
    assert (await waiting).code == 3
    second.close()


async def test_cancelling_returns_when_the_worker_has_ended_the_work(link: Worker, pretender: Pretender) -> None:
    asking = asyncio.create_task(run(link, "sleep 1000"))
    channel = await pretender.take()
    asking.cancel()
    assert await channel.read() is None
    assert not asking.done()
    await channel.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_upload_stops_when_the_worker_has_refused_it(link: Worker, pretender: Pretender) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    writing = asyncio.create_task(link.write_file(WriteFile(path="x"), endless()))
    channel = await pretender.take()
    channel.write(Kind.MESSAGE, b'{"kind": "failure", "code": "file_error", "message": "full"}')
    while await channel.read():
        pass
    await channel.close()
    with pytest.raises(Refused, match="full"):
        await writing


async def test_a_file_that_breaks_off_is_refused_and_not_taken_for_whole(link: Worker, pretender: Pretender) -> None:
    async def read() -> list[object]:
        return [event async for event in link.read_file(ReadFile(path="x"))]

    reading = asyncio.create_task(read())
    channel = await pretender.take()
    channel.write(Kind.MESSAGE, b'{"kind": "file_info", "path": "/x", "type": "file", "bytes": 9, "mode": 420}')
    channel.write(Kind.BYTES, b"half")
    await channel.close()
    with pytest.raises(Refused) as refused:
        await reading
    assert refused.value.failure.code is ErrorCode.WORKER_LOST


async def test_a_shell_that_kills_its_worker_is_told_so_and_the_next_worker_serves(link: Worker, home: Path) -> None:
    process, main = start_worker(home)
    link.attach(main)
    with pytest.raises(Refused) as refused:
        await run(link, "sleep 1000 & echo $! > pid; kill -9 $PPID; sleep 1000")
    assert refused.value.failure.code is ErrorCode.WORKER_LOST
    assert process.wait(30) == -signal.SIGKILL
    second, main = start_worker(home)
    link.attach(main)
    left = await run(link, "ps -o stat= -p $(cat pid) | grep -v Z")
    assert left.text == ""  # what the lost worker had started was ended by the new one
    link.close()
    assert second.wait(30) == 0


async def test_a_command_goes_from_the_server_to_the_shell_and_back(link: Worker, home: Path) -> None:
    process, main = start_worker(home)
    link.attach(main)
    assert [event async for event in link.shell(SHELL)] == [Output(text="\n"), Exit(code=0)]
    link.close()
    assert process.wait(30) == 0


async def test_no_descriptor_is_left_open_by_requests(link: Worker, home: Path) -> None:
    process, main = start_worker(home)
    link.attach(main)
    await run(link, "echo")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only
    for _ in range(20):
        await run(link, "echo")
        with pytest.raises(Refused):
            await launch(link, "/nothere")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - names only
    link.close()
    assert process.wait(30) == 0
