"""The server's routes over a real Unix socket, with a desktop in memory behind them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from websockets.asyncio.client import unix_connect
from websockets.exceptions import InvalidStatus

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.fingerprint import wire_fingerprint
from sandbox_image.wire import (
    BOOT_HEADER,
    MAX_REQUEST_BYTES,
    SHELL_EVENT,
    Answer,
    Cancel,
    Click,
    ErrorCode,
    Exit,
    Failure,
    FileInfo,
    Health,
    Lease,
    ListWindows,
    Message,
    Output,
    Perform,
    Picture,
    ReadFile,
    Refused,
    Reply,
    ScreenPoint,
    Shell,
    TypeText,
    WindowList,
    WriteFile,
    decode,
    decode_event,
    decode_frame,
    encode,
)
from tests.support.served import SCREEN, FixedLease, Gate, Readiness, perform, served


async def post(http: httpx.AsyncClient, path: str, message: Message, **headers: str) -> httpx.Response:
    return await http.post(path, content=encode(message), headers=headers)


def refusal(response: httpx.Response) -> tuple[int, ErrorCode]:
    return response.status_code, decode(Failure, response.content).code


async def test_health_tells_who_answers_once_the_desktop_is_ready(tmp_path: Path) -> None:
    ready = Readiness()
    async with served(FakeGuest(SCREEN), tmp_path / "s", ready=ready) as http:
        waiting = asyncio.create_task(http.get("/health"))
        ready.event.set()
        health = decode(Health, (await waiting).content)
    assert health == Health(boot="boot-1", wire=wire_fingerprint(), screen=SCREEN, lease_s=60)


async def test_health_gives_up_after_the_time_it_was_given(tmp_path: Path) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s", ready=Readiness()) as http:
        assert refusal(await http.get("/health?timeout=0.01")) == (503, ErrorCode.DEADLINE)
        assert refusal(await http.get("/health?timeout=soon")) == (400, ErrorCode.MALFORMED)
        assert refusal(await http.get("/health?timeout=nan")) == (400, ErrorCode.MALFORMED)


async def test_a_lease_is_renewed(tmp_path: Path) -> None:
    lease = FixedLease()
    async with served(FakeGuest(SCREEN), tmp_path / "s", lease=lease) as http:
        assert (await post(http, "/lease", Lease(seconds=900))).status_code == 200
    assert lease.left() == 900


async def test_actions_are_done_and_the_picture_comes_back_in_the_same_answer(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    window = guest.show(FakeWindow())
    async with served(guest, tmp_path / "s") as http:
        response = await post(http, "/perform", perform(TypeText(text="hello"), picture=Picture()))
    reply, picture = decode_frame(response.content)
    assert (reply.failure, window.text, picture[:4]) == (None, "hello", b"\x89PNG")


async def test_a_repeated_id_does_the_actions_once_and_gets_the_same_reply(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    request = perform(Click(at=ScreenPoint(x=1, y=1)))
    async with served(guest, tmp_path / "s") as http:
        first = await post(http, "/perform", request)
        second = await post(http, "/perform", request)
    assert first.content == second.content
    assert len(guest.done) == 1


async def test_a_repeated_id_joins_the_request_while_it_runs(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    request = perform(Click())
    async with served(guest, tmp_path / "s") as http:
        both = [asyncio.create_task(post(http, "/perform", request)) for _ in range(2)]
        await gate.came.wait()
        gate.opened.set()
        first, second = [(await one).content for one in both]
    assert first == second
    assert len(guest.done) == 1


async def test_an_id_used_for_another_request_is_a_conflict(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    request = perform(Click())
    other = request.model_copy(update={"actions": (ListWindows(),)})
    shell = Shell(id=request.id, command="true")
    async with served(guest, tmp_path / "s") as http:
        await post(http, "/perform", request)
        assert refusal(await post(http, "/perform", other)) == (409, ErrorCode.CONFLICT)
        assert refusal(await post(http, "/shell", shell)) == (409, ErrorCode.CONFLICT)
    assert len(guest.done) == 1


async def test_a_dropped_connection_does_not_end_the_request_and_its_reply_is_kept(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    request = perform(Click())
    async with served(guest, tmp_path / "s") as http:
        asked = asyncio.create_task(post(http, "/perform", request))
        await gate.came.wait()
        asked.cancel()  # httpx closes the connection
        await asyncio.wait([asked])
        gate.opened.set()
        reply, _ = decode_frame((await post(http, "/perform", request)).content)
    assert (reply.failure, len(guest.done), gate.cancelled) == (None, 1, False)


async def test_cancel_answers_once_the_request_has_released_what_it_held(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    request = perform(Click())
    async with served(guest, tmp_path / "s") as http:
        asked = asyncio.create_task(post(http, "/perform", request))
        await gate.came.wait()
        assert guest.held == {"left"}
        assert (await post(http, "/cancel", Cancel(id=request.id))).status_code == 200
        assert (guest.held, gate.cancelled) == (set(), True)
        reply, _ = decode_frame((await asked).content)
        assert reply.failure is not None
        assert reply.failure.code is ErrorCode.CANCELLED
        assert refusal(await post(http, "/cancel", Cancel(id=request.id))) == (404, ErrorCode.UNKNOWN_REQUEST)


async def test_a_cancel_that_overtakes_its_request_still_holds_it_off(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    request = perform(Click())
    async with served(guest, tmp_path / "s") as http:
        assert refusal(await post(http, "/cancel", Cancel(id=request.id))) == (404, ErrorCode.UNKNOWN_REQUEST)
        assert refusal(await post(http, "/perform", request)) == (409, ErrorCode.CANCELLED)
    assert guest.done == []


class Unending(FakeGuest):
    """A guest that keeps no deadline of its own."""

    released = False

    async def perform(self, request: Perform) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            self.released = True
        return await super().perform(request)


async def test_a_request_ends_by_its_deadline_and_releases_what_it_held(tmp_path: Path) -> None:
    guest = Unending(SCREEN)
    async with served(guest, tmp_path / "s") as http:
        reply, _ = decode_frame((await post(http, "/perform", perform(Click(), deadline_ms=10))).content)
    assert reply.failure is not None
    assert (reply.failure.code, guest.released) == (ErrorCode.DEADLINE, True)


async def test_the_server_answers_others_while_one_request_runs(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    async with served(guest, tmp_path / "s") as http:
        slow = asyncio.create_task(post(http, "/perform", perform(Click())))
        await gate.came.wait()
        reply, picture = decode_frame((await post(http, "/perform", perform(picture=Picture()))).content)
        gate.opened.set()
        await slow
    assert (reply.failure, picture != b"") == (None, True)


GOOD = {"kind": "perform", "id": "12345678", "actions": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xff\xfe", "body"),
        (b"[1]", "body"),
        (b"[" * 5000, "body"),
        (json.dumps({**GOOD, "id": "short"}).encode(), "id"),
        (json.dumps({**GOOD, "id": 12345678}).encode(), "id"),
        (json.dumps({**GOOD, "deadline_ms": 0}).encode(), "deadline_ms"),
        (json.dumps({**GOOD, "deadline_ms": "60"}).encode(), "deadline_ms"),
        (json.dumps({**GOOD, "colour": "red"}).encode(), "colour"),
        (json.dumps({**GOOD, "actions": [{"kind": "fly"}]}).encode(), "actions.0"),
        (json.dumps({**GOOD, "actions": [{"kind": "click", "count": 9}]}).encode(), "actions.0.click.count"),
        (json.dumps({**GOOD, "actions": [{"kind": "click", "at": {"x": 1.5, "y": 0}}]}).encode(), "at.x"),
        (json.dumps({**GOOD, "actions": [{"kind": "scroll"}]}).encode(), "actions.0.scroll"),
        (json.dumps({**GOOD, "picture": {"size": {"width": 0, "height": 1}}}).encode(), "picture.size.width"),
    ],
)
async def test_a_malformed_body_is_refused_with_the_field_named(tmp_path: Path, body: bytes, field: str) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s") as http:
        response = await http.post("/perform", content=body)
    assert refusal(response) == (400, ErrorCode.MALFORMED)
    assert field in decode(Failure, response.content).message


async def endless(sent: list[int]) -> AsyncIterator[bytes]:
    while True:
        sent.append(1 << 16)
        yield b" " * (1 << 16)


async def test_an_oversized_body_is_refused_without_reading_all_of_it(tmp_path: Path) -> None:
    sent: list[int] = []
    async with served(FakeGuest(SCREEN), tmp_path / "s") as http:
        announced = await http.post("/perform", content=b" " * (MAX_REQUEST_BYTES + 1))
        streamed = await http.post("/perform", content=endless(sent))
    assert refusal(announced) == (413, ErrorCode.OVERSIZED)
    assert refusal(streamed) == (413, ErrorCode.OVERSIZED)
    assert sum(sent) < 8 * MAX_REQUEST_BYTES


async def test_a_refused_file_is_taken_to_its_end_so_that_the_answer_is_not_lost(tmp_path: Path) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"PUT /files?path=f&mode=9 HTTP/1.1\r\nhost: s\r\ncontent-length: 20000000\r\n\r\n")
        writer.write(bytes(20_000_000))
        await writer.drain()
        assert b"mode: not an octal number" in await reader.read()
        writer.close()
        await writer.wait_closed()


class FullDisk(FakeGuest):
    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        size = sum([len(piece) async for piece in content])
        raise Refused(ErrorCode.FILE_ERROR, f"no room for {size} bytes at {request.path}")


async def test_a_file_refused_after_its_last_byte_is_told_why(tmp_path: Path) -> None:
    async with served(FullDisk(SCREEN), tmp_path / "s") as http:
        assert refusal(await http.put("/files?path=file", content=b"x")) == (409, ErrorCode.FILE_ERROR)


async def test_unknown_paths_and_methods_are_refused_in_json(tmp_path: Path) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s") as http:
        assert refusal(await http.get("/nothing")) == (404, ErrorCode.MALFORMED)
        assert refusal(await http.get("/perform")) == (405, ErrorCode.MALFORMED)
        assert refusal(await http.delete("/files")) == (405, ErrorCode.MALFORMED)


async def test_a_request_that_means_another_instance_is_refused_and_not_done(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    async with served(guest, tmp_path / "s", boot="boot-2") as http:
        stale = await post(http, "/perform", perform(Click()), **{"harness-boot": "boot-1"})
        right = await post(http, "/perform", perform(Click()), **{"harness-boot": "boot-2"})
    assert refusal(stale) == (409, ErrorCode.RESTARTED)
    assert (right.status_code, len(guest.done)) == (200, 1)


class Broken(FakeGuest):
    """A guest with bugs."""

    async def perform(self, request: Perform) -> Answer:
        raise RuntimeError(f"the secret detail of {request.id}")

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        raise RuntimeError(f"the secret detail of {request.path}")


async def test_a_bug_is_answered_without_its_details_which_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(Broken(SCREEN), tmp_path / "s") as http:
        in_work = await post(http, "/perform", perform())
        in_route = await http.get("/files", params={"path": "x"})
    reply: Reply = decode_frame(in_work.content).reply
    assert reply.failure is not None
    assert reply.failure.code is ErrorCode.INTERNAL
    assert refusal(in_route) == (500, ErrorCode.INTERNAL)
    assert b"secret" not in in_work.content + in_route.content
    assert "the secret detail" in caplog.text


def events(body: bytes) -> list[Output | Exit | Failure]:
    return [decode(SHELL_EVENT, line) for line in body.splitlines()]


async def test_a_command_streams_its_output_and_ends_with_its_exit(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    request = Shell(id="shell-0001", command="echo hi")
    async with served(guest, tmp_path / "s") as http:
        first = await post(http, "/shell", request)
        again = await post(http, "/shell", request)
    assert events(first.content) == [Output(text="hi\n"), Exit(code=0)]
    assert again.content == first.content
    assert guest.commands == ["echo hi"]


class Talking(FakeGuest):
    """A shell that says one thing, then waits to be told to go on."""

    def __init__(self) -> None:
        super().__init__(SCREEN)
        self.go_on = asyncio.Event()
        self.ended = False

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        try:
            yield Output(text=f"{request.command} began")
            await self.go_on.wait()
            yield Exit(code=0)
        finally:
            self.ended = True


async def test_whoever_joins_a_running_command_gets_its_output_from_the_start(tmp_path: Path) -> None:
    guest = Talking()
    request = Shell(id="shell-0001", command="make")
    async with served(guest, tmp_path / "s") as http:
        async with http.stream("POST", "/shell", content=encode(request)) as dropped:
            begun = await anext(dropped.aiter_lines())
        joined = asyncio.create_task(post(http, "/shell", request))
        guest.go_on.set()
        assert events((await joined).content) == [Output(text="make began"), Exit(code=0)]
    assert decode(SHELL_EVENT, begun.encode()) == Output(text="make began")


async def test_a_cancelled_command_ends_with_a_failure_in_its_stream(tmp_path: Path) -> None:
    guest = Talking()
    request = Shell(id="shell-0001", command="make")
    async with (
        served(guest, tmp_path / "s") as http,
        http.stream("POST", "/shell", content=encode(request)) as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        assert (await post(http, "/cancel", Cancel(id=request.id))).status_code == 200
        assert guest.ended
        last = [decode(SHELL_EVENT, line.encode()) async for line in lines]
    assert [event.code for event in last if isinstance(event, Failure)] == [ErrorCode.CANCELLED]


class Flooding(FakeGuest):
    """A shell that does not keep to the output it was allowed."""

    ended = False

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        try:
            while True:
                yield Output(text=request.command * 100_000)
        finally:
            self.ended = True


async def test_a_command_that_says_more_than_allowed_is_stopped(tmp_path: Path) -> None:
    guest = Flooding(SCREEN)
    async with served(guest, tmp_path / "s") as http:
        response = await post(http, "/shell", Shell(id="shell-0001", command="x", max_output=1000))
    last = events(response.content)[-1]
    assert isinstance(last, Failure)
    assert (last.code, guest.ended, len(response.content) < 2 << 20) == (ErrorCode.OVERSIZED, True, True)


async def test_files_go_both_ways(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    content = bytes(range(256)) * 20_000
    async with served(guest, tmp_path / "s") as http:
        put = await http.put("/files", params={"path": "a ü/b.bin", "mode": "600"}, content=content)
        got = await http.get("/files", params={"path": "a ü/b.bin"})
    info = FileInfo(path="/home/user/a ü/b.bin", type="file", bytes=len(content), mode=0o600)
    assert decode(FileInfo, put.content) == info
    assert decode(FileInfo, unquote(got.headers["harness-file"]).encode()) == info
    assert got.content == content


async def test_what_the_file_system_refuses_is_told_before_any_byte(tmp_path: Path) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s") as http:
        assert refusal(await http.get("/files", params={"path": "none"})) == (404, ErrorCode.NOT_FOUND)
        assert refusal(await http.put("/files", params={"path": "/etc/x"}, content=b"x")) == (403, ErrorCode.DENIED)
        assert refusal(await http.get("/files")) == (400, ErrorCode.MALFORMED)
        assert refusal(await http.put("/files", params={"path": "x", "mode": "rw"})) == (400, ErrorCode.MALFORMED)
        assert refusal(await http.put("/files", params={"path": "x", "unpack": "2"})) == (400, ErrorCode.MALFORMED)
        assert refusal(await http.put("/files", params={"path": "x", "mode": "7777"})) == (400, ErrorCode.MALFORMED)


async def cut_off(started: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"half"
    started.set()
    await asyncio.Event().wait()


async def test_a_write_whose_connection_drops_leaves_nothing(tmp_path: Path) -> None:
    guest, started = FakeGuest(SCREEN), asyncio.Event()
    async with served(guest, tmp_path / "s") as http:
        writing = asyncio.create_task(http.put("/files", params={"path": "x"}, content=cut_off(started)))
        await started.wait()
        writing.cancel()
        await asyncio.wait([writing])
        assert (await http.get("/files", params={"path": "x"})).status_code == 404
    assert guest.files == {}


class Breaking(FakeGuest):
    """A file that cannot be read to its end."""

    async def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        yield FileInfo(path=request.path, type="file", bytes=100, mode=0o644)
        yield b"half"
        raise Refused(ErrorCode.WORKER_LOST, "gone")


async def test_a_file_that_breaks_off_is_not_taken_for_a_whole_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with served(Breaking(SCREEN), tmp_path / "s") as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/files", params={"path": "x"})


async def listened(path: Path, query: str, boot: str) -> InvalidStatus:
    """How it is refused."""
    with pytest.raises(InvalidStatus) as caught:
        async with unix_connect(str(path), f"ws://s/events?{query}", additional_headers={BOOT_HEADER: boot}):
            pass
    return caught.value


@pytest.mark.parametrize(
    ("query", "boot", "status", "code"),
    [
        ("listen=%7B%22windows%22%3Atrue%7D", "boot-0", 409, ErrorCode.RESTARTED),
        ("listen=%7B%7D", "boot-1", 400, ErrorCode.MALFORMED),
        ("listen=x", "boot-1", 400, ErrorCode.MALFORMED),
        ("", "boot-1", 400, ErrorCode.MALFORMED),
    ],
)
async def test_listening_that_cannot_be_is_refused_before_it_begins(
    tmp_path: Path, query: str, boot: str, status: int, code: ErrorCode
) -> None:
    async with served(FakeGuest(SCREEN), tmp_path / "s", boot="boot-1"):
        refused = await listened(tmp_path / "s", query, boot)
    assert refused.response.status_code == status
    assert decode(Failure, bytes(refused.response.body or b"")).code is code


async def test_events_come_over_a_web_socket(tmp_path: Path) -> None:
    query = "listen=%7B%22windows%22%3Atrue%7D"
    async with (
        served(FakeGuest(SCREEN), tmp_path / "s"),
        unix_connect(str(tmp_path / "s"), f"ws://s/events?{query}") as socket,
    ):
        message = await socket.recv()
    assert isinstance(message, bytes)
    assert decode_event(message) == WindowList(windows=())
