"""Bytes through a tunnel: headers stripped, both directions, half-closed, and nothing left behind."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.tunnel import LONGEST_PATH, STDERR, STDOUT, Demux, open_tunnel


def block(data: bytes, kind: int = STDOUT) -> bytes:
    """As the engine sends output."""
    return struct.pack(">BxxxI", kind, len(data)) + data


@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=20)), max_size=8),
    st.lists(st.integers(0, 250), max_size=12),
)
def test_blocks_are_read_from_pieces_of_any_size(blocks: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(block(data, kind) for kind, data in blocks)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    demux = Demux()
    pieces = [piece for start, stop in pairwise(edges) for piece in demux.feed(stream[start:stop])]
    for kind in (STDOUT, STDERR):
        sent = b"".join(data for of, data in blocks if of == kind)
        assert b"".join(data for of, data in pieces if of == kind) == sent


class Relay:
    """The engine's end: each dial is a socket pair whose other end the test holds."""

    def __init__(self, early: bytes = b"") -> None:
        self.ends: asyncio.Queue[socket.socket] = asyncio.Queue()
        self._early = early

    async def dial(self) -> tuple[socket.socket, bytes]:
        near, far = socket.socketpair()
        await self.ends.put(far)
        return near, self._early

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(sock=await self.ends.get())


@asynccontextmanager
async def connected(
    folder: Path, relay: Relay
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Somebody connected to the host socket, and the relay's end of that connection."""
    async with open_tunnel(folder / "t.sock", relay.dial) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        guest_reader, guest_writer = await relay.streams()
        try:
            yield reader, writer, guest_reader, guest_writer
        finally:
            for end in (writer, guest_writer):
                end.close()
                with suppress(ConnectionError):  # what a test sent into the void
                    await end.wait_closed()


async def test_bytes_go_in_as_they_are_and_come_out_without_headers(tmp_path: Path) -> None:
    async with connected(tmp_path, Relay()) as (reader, writer, guest_reader, guest_writer):
        writer.write(b"request")
        assert await guest_reader.readexactly(7) == b"request"
        guest_writer.write(block(b"rep") + block(b"ly"))
        assert await reader.readexactly(5) == b"reply"


async def test_what_the_relay_said_before_it_was_listened_to_comes_first(tmp_path: Path) -> None:
    async with connected(tmp_path, Relay(early=block(b"RFB "))) as (reader, _, _, guest_writer):
        guest_writer.write(block(b"003.008\n"))
        assert await reader.readexactly(12) == b"RFB 003.008\n"


async def test_half_closing_arrives_and_the_other_direction_goes_on(tmp_path: Path) -> None:
    async with connected(tmp_path, Relay()) as (reader, writer, guest_reader, guest_writer):
        writer.write(b"all of it")
        writer.write_eof()
        assert await guest_reader.read() == b"all of it"
        guest_writer.write(block(b"answer"))
        guest_writer.close()
        assert await reader.read() == b"answer"


async def test_a_large_body_passes_whole_while_the_reader_is_slow(tmp_path: Path) -> None:
    body = bytes(range(256)) * 40_000
    async with connected(tmp_path, Relay()) as (reader, _, _, guest_writer):
        for start in range(0, len(body), 32_768):
            guest_writer.write(block(body[start : start + 32_768]))
        sending = asyncio.ensure_future(guest_writer.drain())
        assert await reader.readexactly(len(body)) == body
        await sending


async def test_what_the_relay_complains_of_is_logged_and_not_passed_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with connected(tmp_path, Relay()) as (reader, _, _, guest_writer):
            guest_writer.write(block(b"socat: no such file\n", STDERR) + block(b"x"))
            assert await reader.readexactly(1) == b"x"
    assert "socat: no such file" in caplog.text


async def test_the_end_of_the_relay_ends_the_connection(tmp_path: Path) -> None:
    async with connected(tmp_path, Relay()) as (reader, _, _, guest_writer):
        guest_writer.close()
        assert await reader.read() == b""


async def test_who_still_sends_when_the_relay_ends_is_told(tmp_path: Path) -> None:
    async with connected(tmp_path, Relay()) as (reader, writer, _, guest_writer):
        writer.write(bytes(10_000_000))
        guest_writer.write(block(b"no more"))
        assert await reader.readexactly(7) == b"no more"
        guest_writer.write_eof()  # as an engine does: it reads nothing from now on, and leaves the closing to us
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(10):
                await writer.drain()


async def test_a_relay_that_cannot_be_had_ends_the_connection_and_the_next_is_served(tmp_path: Path) -> None:
    relay = Relay()
    refusals = iter([True, False])

    async def dial() -> tuple[socket.socket, bytes]:
        if next(refusals):
            raise ConnectionRefusedError("the container has ended")
        return await relay.dial()

    async with open_tunnel(tmp_path / "t.sock", dial) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        reader, writer = await asyncio.open_unix_connection(path)
        _, guest_writer = await relay.streams()
        guest_writer.write(block(b"served"))
        assert await reader.readexactly(6) == b"served"
        for end in (writer, guest_writer):
            end.close()
            await end.wait_closed()


async def test_closing_the_tunnel_ends_its_connections_and_removes_the_socket(tmp_path: Path) -> None:
    relay = Relay()
    async with open_tunnel(tmp_path / "t.sock", relay.dial) as path:
        assert path.stat().st_mode & 0o777 == 0o600
        reader, writer = await asyncio.open_unix_connection(path)
        guest_reader, guest_writer = await relay.streams()
    assert not path.exists()
    assert await reader.read() == b""
    assert await guest_reader.read() == b""
    for end in (writer, guest_writer):
        end.close()
        await end.wait_closed()
    assert [task for task in asyncio.all_tasks() if "tunnel" in task.get_name()] == []


async def test_a_path_too_long_for_a_socket_is_refused_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(LONGEST_PATH)):
        async with open_tunnel(tmp_path / ("x" * LONGEST_PATH), Relay().dial):
            raise AssertionError("it must not open")
