"""The client against the real server on a real Unix socket, and against servers that lie, drop and hang."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from harness.errors import ActionFailed, DeadlinePassed, FileFailed, NotOnScreen, Restarted, SandboxLost, WireMismatch
from harness.sandbox.client import GRACE, Client
from harness.sandbox.desktop import Desktop
from harness.testing import FakeGuest, FakeWindow
from sandbox_image.fingerprint import wire_fingerprint
from sandbox_image.wire import (
    Answer,
    Click,
    ErrorCode,
    Event,
    Exit,
    FileInfo,
    FrameInfo,
    Frames,
    Guest,
    Listen,
    LiveFrame,
    Output,
    Perform,
    Picture,
    PictureFormat,
    PictureInfo,
    ProgramList,
    ReadFile,
    Refused,
    Region,
    ScreenPoint,
    Shell,
    Size,
    TypeText,
    WindowList,
    WriteFile,
    encode_event,
)
from tests.support.dropping import Dropping, dropping
from tests.support.served import SCREEN, FixedLease, Gate, Readiness, listening, perform, served

Send = Callable[[dict[str, Any]], Awaitable[None]]
BIG = os.urandom(5_000_000)


@asynccontextmanager
async def connected(
    guest: Guest, path: Path, *, boot: str = "boot-1", lease: FixedLease | None = None, ready: Readiness | None = None
) -> AsyncIterator[Client]:
    async with served(guest, path, boot=boot, lease=lease, ready=ready):
        client = Client(path)
        try:
            yield client
        finally:
            await client.aclose()


@asynccontextmanager
async def behind_a_bad_line(guest: Guest, folder: Path) -> AsyncIterator[tuple[Client, Dropping]]:
    async with served(guest, folder / "s"), dropping(folder / "d", folder / "s") as line:
        client = Client(folder / "d")
        await client.health()
        try:
            yield client, line
        finally:
            await client.aclose()


@asynccontextmanager
async def answering(
    path: Path, *pieces: bytes, status: int = 200, pace: float = 0, grace: float = GRACE
) -> AsyncIterator[Client]:
    """A client of a server that answers everything in the same way, whatever the wire says, `pace` seconds a piece."""

    async def app(scope: dict[str, Any], _receive: object, send: Send) -> None:
        health = b'{"boot":"b","wire":"w","screen":{"width":1,"height":1},"lease_s":1}'
        body = (health,) if scope["path"] == "/health" else pieces
        code = 200 if scope["path"] == "/health" else status
        await send({"type": "http.response.start", "status": code, "headers": []})
        for piece in body:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pace)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with listening(path, app):
        client = Client(path, grace=grace)
        try:
            yield client
        finally:
            await client.aclose()


async def test_health_tells_who_answers(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        health = await client.health()
    assert (health.boot, health.wire, health.screen) == ("boot-1", wire_fingerprint(), SCREEN)


async def test_a_desktop_that_does_not_get_ready_is_told_in_time(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s", ready=Readiness()) as client:
        with pytest.raises(DeadlinePassed, match="not ready"):
            await client.health(timeout=0.01)


async def test_a_lease_is_renewed(tmp_path: Path) -> None:
    lease = FixedLease()
    async with connected(FakeGuest(SCREEN), tmp_path / "s", lease=lease) as client:
        await client.renew(900)
    assert lease.left() == 900


async def test_actions_and_picture_take_one_round_trip(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    window = guest.show(FakeWindow())
    async with connected(guest, tmp_path / "s") as client:
        answer = await client.perform(perform(TypeText(text="hi"), picture=Picture(size=Size(width=80, height=60))))
    assert (window.text, answer.reply.failure, len(answer.reply.results)) == ("hi", None, 1)
    assert answer.reply.picture is not None
    assert answer.reply.picture.size == Size(width=80, height=60)


async def test_what_the_sandbox_refuses_is_raised_by_the_desktop_as_its_class(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        with pytest.raises(NotOnScreen, match="x goes from 0 to 319"):
            await Desktop(client, SCREEN).click((320, 0))


@pytest.mark.parametrize("after", [0, 20, 200])
async def test_a_request_whose_connection_drops_is_done_once_and_answered(tmp_path: Path, after: int) -> None:
    guest = FakeGuest(SCREEN)
    async with behind_a_bad_line(guest, tmp_path) as (client, line):
        line.drops, line.after = 2, after
        answer = await client.perform(perform(Click(), picture=Picture()))
    assert (line.dropped, len(guest.done), answer.reply.failure) == (2, 1, None)


async def test_a_line_that_always_drops_means_that_the_sandbox_is_lost(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    async with behind_a_bad_line(guest, tmp_path) as (client, line):
        line.drops = 1000
        with pytest.raises(SandboxLost, match="does not answer"):
            await client.perform(perform(Click()))
    assert (line.dropped, len(guest.done)) == (4, 1)


async def test_no_socket_means_that_the_sandbox_is_lost(tmp_path: Path) -> None:
    client = Client(tmp_path / "none")
    with pytest.raises(SandboxLost, match="none"):
        await client.health()
    await client.aclose()


async def test_a_server_that_never_answers_means_that_the_sandbox_is_lost(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "s"))
        deaf.listen()
        client = Client(tmp_path / "s", grace=0.1)
        with pytest.raises(SandboxLost):
            await client.health(timeout=0)
        await client.aclose()


async def test_a_restarted_server_is_told_once_and_then_spoken_to(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    client = Client(tmp_path / "s")
    desktop = Desktop(client, SCREEN)
    async with served(guest, tmp_path / "s", boot="boot-1"):
        await desktop.click()
    async with served(guest, tmp_path / "s", boot="boot-2"):
        with pytest.raises(Restarted, match="look at the screen"):
            await desktop.click()
        assert len(guest.done) == 1
        await desktop.click()
        assert len(guest.done) == 2
        await client.aclose()


async def test_a_request_under_way_is_never_done_again_by_a_server_that_others_have_met_meanwhile(
    tmp_path: Path,
) -> None:
    guest, later, gate = FakeGuest(SCREEN), FakeGuest(SCREEN), Gate()
    guest.hook = gate
    (tmp_path / "s").symlink_to("s1")
    async with (
        served(guest, tmp_path / "s1", boot="boot-1"),
        served(later, tmp_path / "s2", boot="boot-2"),
        dropping(tmp_path / "d", tmp_path / "s") as line,
    ):
        client = Client(tmp_path / "d")
        asked = asyncio.create_task(Desktop(client, SCREEN).click())
        await gate.came.wait()
        (tmp_path / "next").symlink_to("s2")
        (tmp_path / "next").replace(tmp_path / "s")
        await client.renew(60)
        assert (await client.health()).boot == "boot-2"
        line.drops = 1
        gate.opened.set()
        with pytest.raises(Restarted, match="look at the screen"):
            await asked
        await client.aclose()
    assert (len(guest.done), later.done) == (1, [])


async def test_cancelling_the_task_ends_the_request_in_the_sandbox_first(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    async with connected(guest, tmp_path / "s") as client:
        asked = asyncio.create_task(client.perform(perform(Click())))
        await gate.came.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (gate.cancelled, guest.held) == (True, set())


async def test_a_request_is_cancelled_by_its_id(tmp_path: Path) -> None:
    guest, gate = FakeGuest(SCREEN), Gate()
    guest.hook = gate
    request = perform(Click())
    async with connected(guest, tmp_path / "s") as client:
        asked = asyncio.create_task(client.perform(request))
        await gate.came.wait()
        await client.cancel(request.id)
        assert (await asked).reply.failure is not None
        with pytest.raises(ActionFailed, match="not running"):
            await client.cancel(request.id)


def lying(change: Callable[[PictureInfo], PictureInfo], picture: bytes | None = None) -> Guest:
    """A guest whose pictures are not what their description says."""

    class Lying(FakeGuest):
        async def perform(self, request: Perform) -> Answer:
            reply, data = await super().perform(request)
            assert reply.picture is not None
            data = data if picture is None else picture
            info = change(reply.picture.model_copy(update={"length": len(data)}))
            return Answer(reply.model_copy(update={"picture": info}), data)

    return Lying(SCREEN)


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "PNG")
    return out.getvalue()


SMALL = Size(width=32, height=24)
PART = Region(x=8, y=8, width=32, height=24)


@pytest.mark.parametrize(
    ("guest", "asked", "message"),
    [
        (lying(lambda info: info.model_copy(update={"size": SMALL})), Picture(), "of Size"),
        (lying(lambda info: info, png(320, 240)), Picture(size=SMALL), "and is 320x240"),
        (lying(lambda info: info.model_copy(update={"region": PART, "size": SMALL})), Picture(), "320x240"),
        (lying(lambda info: info, b"no picture"), Picture(), "is none"),
        (lying(lambda info: info.model_copy(update={"format": "jpeg"})), Picture(format="png"), "a png was asked"),
        (lying(lambda info: info.model_copy(update={"format": "jpeg"})), Picture(), "is none"),
    ],
)
async def test_a_picture_that_is_not_what_was_asked_for_is_refused(
    tmp_path: Path, guest: Guest, asked: Picture, message: str
) -> None:
    async with connected(guest, tmp_path / "s") as client:
        with pytest.raises(WireMismatch, match=message):
            await client.perform(perform(picture=asked))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0\xff{}",
        b"\0\0\0\x02{}",
        b'\0\0\0\x42{"kind":"reply","id":"other-id-0","took_ms":1,"results":[],"effect":null}',
    ],
)
async def test_an_answer_that_is_no_frame_of_this_request_is_a_mismatch(tmp_path: Path, body: bytes) -> None:
    async with answering(tmp_path / "s", body) as client:
        with pytest.raises(WireMismatch):
            await client.perform(perform())


async def test_a_refusal_that_is_no_failure_is_a_mismatch(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", b"<html>Bad gateway", status=502) as client:
        with pytest.raises(WireMismatch, match=r"/perform \(502\)"):
            await client.perform(perform())


async def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", *[b"x" * (1 << 20)] * 70) as client:
        with pytest.raises(WireMismatch, match="more than"):
            await client.perform(perform())
        with pytest.raises(WireMismatch, match="more than"):
            await client.renew(10)
        with pytest.raises(WireMismatch, match="more than"):
            await anext(client.shell(Shell(id="shell-0001", command="x", max_output=1000)))


async def test_a_command_gives_its_output_then_its_exit(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        events = [event async for event in client.shell(Shell(id="shell-0001", command="echo hi"))]
    assert events == [Output(text="hi\n"), Exit(code=0)]


class Counting(FakeGuest):
    """A shell that counts to the number it is given."""

    ended = False

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        self.commands.append(request.command)
        try:
            for n in range(int(request.command)):
                yield Output(text=f"{n}\n")
            yield Exit(code=0)
        finally:
            self.ended = True


@pytest.mark.parametrize("after", [0, 100, 5_000, 20_000])
async def test_a_command_whose_connection_drops_goes_on_where_it_broke_off(tmp_path: Path, after: int) -> None:
    guest = Counting(SCREEN)
    async with behind_a_bad_line(guest, tmp_path) as (client, line):
        line.drops, line.after = 2, after
        result = await Desktop(client, SCREEN).bash("1000")
    assert result.output.split() == [str(n) for n in range(1000)]
    assert (line.dropped, guest.commands) == (2, ["1000"])


class Waiting(FakeGuest):
    """A shell that speaks once and then waits for ever."""

    def __init__(self) -> None:
        super().__init__(SCREEN)
        self.ended = asyncio.Event()

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        try:
            yield Output(text=request.command)
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def test_who_stops_listening_to_a_command_ends_it(tmp_path: Path) -> None:
    guest = Waiting()
    async with connected(guest, tmp_path / "s") as client:
        events = client.shell(Shell(id="shell-0001", command="make"))
        assert await anext(events) == Output(text="make")
        await events.aclose()
        assert guest.ended.is_set()


async def test_cancelling_the_task_that_awaits_a_command_ends_it(tmp_path: Path) -> None:
    guest = Waiting()
    async with connected(guest, tmp_path / "s") as client:
        events = client.shell(Shell(id="shell-0001", command="make"))
        await anext(events)
        awaiting = asyncio.create_task(anext(events))
        await asyncio.wait([awaiting], timeout=0.01)
        awaiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await awaiting
        assert guest.ended.is_set()


async def test_a_command_that_ends_without_an_exit_is_a_mismatch(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", b'{"kind":"output","text":"x"}\n') as client:
        with pytest.raises(WireMismatch, match="without saying"):
            await Desktop(client, SCREEN).bash("x")


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]


async def test_a_folder_and_a_mode_are_asked_for(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN, files={"there": b"old"})
    with tarfile.open(tmp_path / "tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    async with connected(guest, tmp_path / "s") as client:
        folder = await client.write_file(WriteFile(path="d", unpack=True), pieces((tmp_path / "tar").read_bytes()))
        kept = await client.write_file(WriteFile(path="there", mode=0o700), pieces(b"x"))
        assert await client.write_file(WriteFile(path="there"), pieces(b"y")) == kept
    assert (folder.type, kept.mode, guest.files["/home/user/d/empty"]) == ("folder", 0o700, b"")


async def test_files_of_several_megabytes_go_both_ways(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        info = await client.write_file(WriteFile(path="a b/ü.bin", mode=0o600), pieces(BIG))
        first, *rest = [item async for item in client.read_file(ReadFile(path="a b/ü.bin"))]
    assert info == first == FileInfo(path="/home/user/a b/ü.bin", type="file", bytes=len(BIG), mode=0o600)
    assert b"".join(item for item in rest if isinstance(item, bytes)) == BIG


async def test_a_refused_write_says_why_although_the_file_was_not_read_to_its_end(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        with pytest.raises(Refused) as refused:
            await client.write_file(WriteFile(path="/etc/passwd"), pieces(BIG))
    assert refused.value.failure.code is ErrorCode.DENIED


async def test_a_file_that_breaks_off_is_refused(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN, files={"x": BIG})
    async with behind_a_bad_line(guest, tmp_path) as (client, line):
        line.drops, line.after = 1, 1_000_000
        with pytest.raises(Refused, match="broke off"):
            async for _ in client.read_file(ReadFile(path="x")):
                pass


async def test_a_file_that_breaks_off_since_the_server_ended_tells_that(tmp_path: Path) -> None:
    async with behind_a_bad_line(FakeGuest(SCREEN), tmp_path) as (client, line):
        desktop = Desktop(client, SCREEN)
        await desktop.put(BIG, "f")
        line.drops = 1000
        with pytest.raises(SandboxLost):
            await desktop.read("f")
        with pytest.raises(SandboxLost):
            await desktop.put(BIG, "f")
        line.drops = 1
        with pytest.raises(FileFailed, match="writing f broke off"):
            await desktop.put(BIG, "f")


async def test_who_stops_reading_a_file_ends_the_stream(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN, files={"x": BIG})
    async with connected(guest, tmp_path / "s") as client:
        stream = client.read_file(ReadFile(path="x"))
        await anext(stream)
        await stream.aclose()
        assert (await client.perform(perform(Click(at=ScreenPoint(x=0, y=0))))).reply.failure is None


async def test_a_command_that_drips_on_beyond_its_time_means_that_the_sandbox_is_lost(tmp_path: Path) -> None:
    drops = [b'{"kind":"output","text":"."}\n'] * 1000
    async with answering(tmp_path / "s", *drops, pace=0.01, grace=0.1) as client:
        with pytest.raises(SandboxLost, match="goes on beyond"):
            async for _ in client.shell(Shell(id="shell-0001", command="x", timeout_ms=1)):
                pass


@asynccontextmanager
async def pushing(path: Path, *messages: bytes) -> AsyncIterator[Client]:
    """A client of a server that pushes these messages, whatever the wire says."""

    async def events(websocket: WebSocket) -> None:
        await websocket.accept()
        for message in messages:
            await websocket.send_bytes(message)
            await websocket.receive_text()

    async def health(_: object) -> Response:
        return Response(b'{"boot":"b","wire":"w","screen":{"width":1,"height":1},"lease_s":1}')

    app = Starlette(routes=[WebSocketRoute("/events", events), Route("/health", health)])
    async with listening(path, app):
        client = Client(path)
        try:
            yield client
        finally:
            await client.aclose()


LIVE = Listen(frames=Frames(fps=30), windows=True)


async def first_of(client: Client, listen: Listen = LIVE) -> Event:
    async with aclosing(client.events(listen)) as events:
        return await anext(events)


async def test_frames_and_windows_come_as_the_screen_changes(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    async with connected(guest, tmp_path / "s") as client, aclosing(client.events(LIVE)) as events:
        frame, windows = await anext(events), await anext(events)
        assert isinstance(frame, LiveFrame)
        assert (frame.info.picture.size, windows) == (SCREEN, WindowList(windows=()))
        guest.show(FakeWindow(title="New"))
        frame, windows = await anext(events), await anext(events)
        assert isinstance(frame, LiveFrame)
        assert frame.info.changed is not None
        assert isinstance(windows, WindowList)
        assert [window.title for window in windows.windows] == ["New"]


async def test_programs_come_as_they_start(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN, apps={"true": lambda _: None})
    listen = Listen(programs=True)
    async with connected(guest, tmp_path / "s") as client, aclosing(client.events(listen)) as events:
        assert await anext(events) == ProgramList(programs=())
        started = await Desktop(client, SCREEN).launch("true")
        listed = await anext(events)
        assert isinstance(listed, ProgramList)
        assert [program.pid for program in listed.programs] == [started.pid]


async def test_a_line_that_drops_is_taken_up_anew_with_a_first_frame(tmp_path: Path) -> None:
    guest = FakeGuest(SCREEN)
    async with behind_a_bad_line(guest, tmp_path) as (client, line), aclosing(client.events(LIVE)) as events:
        assert isinstance(await anext(events), LiveFrame)
        await anext(events)
        line.drops = 1
        guest.show(FakeWindow(title="New"))
        frame = await anext(events)
        assert isinstance(frame, LiveFrame)
        assert (frame.info.changed, line.dropped) == (None, 1)


async def test_a_line_to_frames_that_always_drops_means_that_the_sandbox_is_lost(tmp_path: Path) -> None:
    async with behind_a_bad_line(FakeGuest(SCREEN), tmp_path) as (client, line):
        line.drops = 100
        with pytest.raises(SandboxLost, match="does not answer"):
            await first_of(client)
        assert line.dropped == 4


async def test_frames_of_a_restarted_server_are_not_taken_for_those_of_the_old_one(tmp_path: Path) -> None:
    client = Client(tmp_path / "s")
    async with served(FakeGuest(SCREEN), tmp_path / "s", boot="boot-1"):
        await first_of(client)
    async with served(FakeGuest(SCREEN), tmp_path / "s", boot="boot-2"):
        with pytest.raises(Refused) as caught:
            await first_of(client)
        assert caught.value.failure.code is ErrorCode.RESTARTED
        await first_of(client)
        await client.aclose()


async def test_a_region_off_the_screen_ends_the_frames_with_its_error(tmp_path: Path) -> None:
    async with connected(FakeGuest(SCREEN), tmp_path / "s") as client:
        beyond = Region(x=0, y=0, width=SCREEN.width + 1, height=1)
        with pytest.raises(NotOnScreen):
            async for _ in Desktop(client, SCREEN).frames(region=beyond):
                pass


def live(format: PictureFormat, size: Size) -> bytes:  # noqa: A002 - as the picture names it
    out = io.BytesIO()
    Image.new("RGB", (size.width, size.height)).save(out, format.upper())
    picture = PictureInfo(region=WHOLE, size=size, format=format, length=len(out.getvalue()))
    return encode_event(LiveFrame(FrameInfo(sequence=1, time_ms=0, changed=None, picture=picture), out.getvalue()))


WHOLE = Region(x=0, y=0, width=40, height=30)
FRAMES = Listen(frames=Frames())


@pytest.mark.parametrize(
    ("listen", "message", "why"),
    [
        (FRAMES, b"nonsense", "does not allow"),
        (FRAMES, live("jpeg", WHOLE.size)[:-1], "is announced"),
        (FRAMES, live("png", WHOLE.size), "a jpeg was asked for"),
        (FRAMES, live("jpeg", Size(width=1, height=1)), "width=40"),
        (FRAMES, encode_event(WindowList(windows=())), "not listened to"),
        (FRAMES, encode_event(ProgramList(programs=())), "not listened to"),
        (Listen(windows=True), live("jpeg", WHOLE.size), "not listened to"),
    ],
)
async def test_an_event_that_is_not_what_was_listened_to_is_a_mismatch(
    tmp_path: Path, listen: Listen, message: bytes, why: str
) -> None:
    async with pushing(tmp_path / "s", message) as client:
        with pytest.raises(WireMismatch, match=why):
            await first_of(client, listen)


async def test_a_frame_as_it_was_asked_for_is_taken(tmp_path: Path) -> None:
    async with pushing(tmp_path / "s", live("jpeg", WHOLE.size)) as client:
        assert isinstance(await first_of(client, FRAMES), LiveFrame)
