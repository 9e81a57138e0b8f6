from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_image.channel import MAX_FRAME, PIECE, Channel, ChannelError, Frame, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Channel, Channel]]:
    one, other = socket.socketpair()
    channels = await Channel.open(one), await Channel.open(other)
    yield channels
    for channel in channels:
        await channel.close()


async def read_all(sent: bytes) -> list[Frame]:
    """Every frame that a receiver makes of these bytes."""
    one, other = socket.socketpair()
    with one:
        one.setblocking(False)  # noqa: FBT003 - the socket takes it by position
        channel = await Channel.open(other)
        await asyncio.get_running_loop().sock_sendall(one, sent)
        one.shutdown(socket.SHUT_WR)
        frames = []
        try:
            while frame := await channel.read():
                frames.append(frame)
        finally:
            await channel.close()
        return frames


async def test_frames_arrive_as_they_were_sent(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.write(Kind.MESSAGE, b'{"a": 1}')
    here.write(Kind.BYTES, bytes(range(256)))
    here.write(Kind.END)
    assert [await there.read() for _ in range(3)] == [
        Frame(Kind.MESSAGE, b'{"a": 1}'),
        Frame(Kind.BYTES, bytes(range(256))),
        Frame(Kind.END, b""),
    ]


async def test_long_content_is_sent_in_pieces_and_a_long_message_whole(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.write(Kind.BYTES, b"x" * (PIECE + 1))
    here.write(Kind.MESSAGE, b"y" * (PIECE + 1))
    frames = [await there.read() for _ in range(3)]
    assert [len(frame.body) for frame in frames if frame] == [PIECE, 1, PIECE + 1]


async def test_a_closed_end_is_no_error_between_frames(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    here.write(Kind.END)
    await here.close()
    assert await there.read() == Frame(Kind.END, b"")
    assert await there.read() is None


async def test_writing_to_an_end_that_is_gone_says_so_and_does_not_raise(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    await there.close()
    while await here.drain():
        here.write(Kind.BYTES, b"x")
    assert not await here.drain()


async def test_finishing_waits_for_the_other_end_to_close(ends: tuple[Channel, Channel]) -> None:
    here, there = ends
    finishing = asyncio.ensure_future(here.finish(60))
    assert await there.read() is None
    assert not finishing.done()
    there.write(Kind.BYTES, b"late")
    await there.close()
    await finishing


async def test_finishing_is_bounded(ends: tuple[Channel, Channel]) -> None:
    await ends[0].finish(0.01)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (struct.pack(">IB", MAX_FRAME + 1, 1), "at most"),
        (struct.pack(">IB", 0, 9), "no kind of frame"),
        (struct.pack(">IB", 5, 1) + b"abc", "within a frame"),
        (b"\0\0", "within a frame"),
        (struct.pack(">IB", 5, 1), "within a frame"),
    ],
)
async def test_what_is_not_a_frame_is_an_error_that_says_why(sent: bytes, says: str) -> None:
    with pytest.raises(ChannelError, match=says):
        await read_all(sent)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_frames_or_in_a_channel_error(sent: bytes) -> None:
    try:
        frames = asyncio.run(read_all(sent))
    except ChannelError:
        return
    assert sum(5 + len(frame.body) for frame in frames) == len(sent)
