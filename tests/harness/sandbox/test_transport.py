"""The transport against servers that say exactly what a test wants them to say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from harness.sandbox.transport import MAX_CONNECTIONS, MAX_HEAD, UnixTransport

HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
HANGS = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
CLOSES = b""  # said before the next request comes


@dataclass
class Server:
    """Answers requests in turn, whatever they are; an empty answer closes the connection."""

    answers: list[bytes]
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # a connection, from either end
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if task := asyncio.current_task():
            self.tasks.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while answer := await self._answer(reader):
                writer.write(answer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.ended.set()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        """What to say to the next request; nothing where the turn is to close."""
        if self.answers and self.answers[0] == CLOSES:
            return self.answers.pop(0)
        self.heads.append(head := await reader.readuntil(b"\r\n\r\n"))
        self.bodies.append(await _body(reader, head))
        self.asked.set()
        return self.answers.pop(0)


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"chunked" in head:
        return await reader.readuntil(b"0\r\n\r\n")
    lengths = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
    return await reader.readexactly(int(lengths[0])) if lengths else b""


@asynccontextmanager
async def serving(path: Path, *answers: bytes) -> AsyncIterator[tuple[UnixTransport, Server]]:
    server = Server(list(answers))
    listening = await asyncio.start_unix_server(server.serve, str(path))
    transport = UnixTransport(str(path))
    try:
        yield transport, server
    finally:
        await transport.aclose()
        listening.close()
        await asyncio.gather(*server.tasks)


def request(
    method: str = "GET", *, content: bytes | AsyncGenerator[bytes] | None = None, seconds: float = 20, boot: str = "b"
) -> httpx.Request:
    extensions = {"timeout": {"read": seconds}}
    return httpx.Request(method, "http://s/a?b=c d", content=content, headers={"boot": boot}, extensions=extensions)


async def ask(transport: UnixTransport, asked: httpx.Request | None = None) -> bytes:
    async with aclosing(await transport.handle_async_request(asked or request())) as response:
        return b"".join([piece async for piece in response.aiter_raw()])


async def test_what_is_asked_is_sent_in_one_piece_and_the_answer_is_read(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO) as (transport, server):
        assert await ask(transport, request("POST", content=b"what")) == b"hello"
    assert server.heads[0].startswith(b"POST /a?b=c%20d HTTP/1.1\r\n")
    assert b"\r\nboot: b\r\n" in server.heads[0]
    assert server.bodies == [b"what"]


async def test_status_and_headers_are_told(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 409 Conflict\r\nOne: 1\r\ntwo:2 \r\nContent-Length: 0\r\n\r\n"
    async with serving(tmp_path / "s", answer) as (transport, _):
        response = await transport.handle_async_request(request())
        await response.aclose()
    assert (response.status_code, response.headers["one"], response.headers["two"]) == (409, "1", "2")


async def test_a_connection_is_taken_up_again(tmp_path: Path) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nafter: all\r\n\r\n"
    async with serving(tmp_path / "s", HELLO, chunked.replace(b";x=y", b""), HELLO) as (transport, server):
        assert [await ask(transport) for _ in range(3)] == [b"hello"] * 3
    assert server.connections == 1


async def test_a_connection_that_is_to_end_is_not_taken_up_again(tmp_path: Path) -> None:
    last = HELLO.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    async with serving(tmp_path / "s", last, HELLO) as (transport, server):
        assert [await ask(transport) for _ in range(2)] == [b"hello"] * 2
    assert server.connections == 2


async def test_a_connection_that_ended_meanwhile_is_not_taken_up_again(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO, CLOSES, HELLO) as (transport, server):
        assert await ask(transport) == b"hello"
        await server.ended.wait()
        await asyncio.sleep(0)  # one look at what came: it is the end
        await asyncio.sleep(0)
        assert await ask(transport) == b"hello"
    assert server.connections == 2


async def test_an_answer_that_is_left_ends_its_connection(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HANGS) as (transport, server):
        response = await transport.handle_async_request(request())
        await response.aclose()
        await server.ended.wait()


async def test_a_request_that_is_cancelled_ends_its_connection(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HANGS) as (transport, server):
        asking = asyncio.create_task(ask(transport))
        await server.asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        await server.ended.wait()


async def test_content_that_comes_in_pieces_is_sent_as_it_comes(tmp_path: Path) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for piece in (b"one", b"", b"two" * 5):
            yield piece

    async with serving(tmp_path / "s", HELLO) as (transport, server):
        assert await ask(transport, request("PUT", content=pieces())) == b"hello"
    assert server.bodies == [b"3\r\none\r\nf\r\ntwotwotwotwotwo\r\n0\r\n\r\n"]


@pytest.mark.parametrize("error", [OSError("no such disk"), TimeoutError("too late"), ValueError("no number")])
async def test_an_error_of_the_content_is_passed_on_and_the_request_broken_off(
    tmp_path: Path, error: Exception
) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        yield b"one"
        raise error

    async with serving(tmp_path / "s", HELLO, HELLO) as (transport, server):
        with pytest.raises(type(error), match=str(error)):
            await ask(transport, request("PUT", content=pieces()))
        assert await ask(transport) == b"hello"
    assert (server.connections, server.bodies) == (2, [b""])


async def test_who_takes_no_more_of_the_content_is_heard(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        transport = UnixTransport(str(tmp_path / "s"))

        async def pieces() -> AsyncGenerator[bytes]:
            yield b"one"
            with listening.accept()[0] as other:
                other.recv(1 << 16)  # what is left unread would break the connection
                other.sendall(HELLO)
            for _ in range(4):
                await asyncio.sleep(0)  # let what came be seen
            yield b"two"
            yield b"three"

        assert await ask(transport, request("PUT", content=pieces())) == b"hello"
        await transport.aclose()


async def test_a_request_that_was_answered_before_its_end_is_its_connections_last(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        transport = UnixTransport(str(tmp_path / "s"))

        async def pieces() -> AsyncGenerator[bytes]:
            yield b"one"
            ends.append(listening.accept()[0])
            ends[0].sendall(HELLO[:-2])
            for _ in range(4):
                await asyncio.sleep(0)  # let what came be seen
            yield b"two"
            yield b"three"

        ends: list[socket.socket] = []
        async with aclosing(await transport.handle_async_request(request("PUT", content=pieces()))) as response:
            ends[0].sendall(HELLO[-2:])
            assert b"".join([piece async for piece in response.aiter_raw()]) == b"hello"
        ends[0].settimeout(0)
        async with asyncio.timeout(20):
            while await asyncio.get_running_loop().sock_recv(ends[0], 1 << 16):
                pass
        ends[0].close()
        await transport.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + MAX_HEAD * 2 * b"x" + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + MAX_HEAD * 2 * b"1" + b"\r\n",
    ],
)
async def test_what_is_not_http_ends_the_connection(tmp_path: Path, answer: bytes) -> None:
    async with serving(tmp_path / "s", answer, HELLO) as (transport, server):
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(transport)
        assert await ask(transport) == b"hello"
    assert server.connections == 2


async def test_an_answer_that_breaks_off_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO[:-2], CLOSES) as (transport, _):
        with pytest.raises(httpx.RemoteProtocolError, match="before the answer did"):
            await ask(transport)


async def test_nobody_there_is_told(tmp_path: Path) -> None:
    transport = UnixTransport(str(tmp_path / "s"))
    with pytest.raises(httpx.NetworkError):
        await ask(transport)


async def test_a_wait_has_an_end(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HANGS) as (transport, _):
        with pytest.raises(httpx.TimeoutException):
            await ask(transport, request(seconds=0.01))


async def test_a_header_cannot_become_several(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO) as (transport, server):
        with pytest.raises(httpx.LocalProtocolError):
            await ask(transport, request(boot="b\r\nx: y"))
        assert await ask(transport) == b"hello"
    assert server.bodies == [b""]


async def test_there_is_a_number_of_connections_that_is_not_passed(tmp_path: Path) -> None:
    count = 2 * MAX_CONNECTIONS
    async with serving(tmp_path / "s", *[HELLO] * count) as (transport, server):
        assert await asyncio.gather(*[ask(transport) for _ in range(count)]) == [b"hello"] * count
        assert server.connections <= MAX_CONNECTIONS
