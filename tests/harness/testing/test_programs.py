"""Programs in memory."""

from __future__ import annotations

import asyncio

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import (
    CloseWindow,
    ErrorCode,
    Launch,
    Launched,
    ListPrograms,
    Open,
    Program,
    ProgramList,
    ProgramOutput,
    ReadOutput,
    WaitExit,
    WaitWindow,
    WindowFound,
)
from tests.support.asking import SCREEN, code, done


async def test_a_program_opens_its_window_with_the_pid_it_was_given() -> None:
    guest = FakeGuest(SCREEN, apps={"editor": lambda argv: FakeWindow(title=" ".join(argv))})
    reply = await done(guest, Launch(argv=("editor", "file")), WaitWindow(title="editor file"))
    launched, found = reply.results
    assert isinstance(launched, Launched)
    assert isinstance(found, WindowFound)
    assert found.window.pid == launched.pid


async def test_a_program_may_have_no_window_and_an_unknown_one_fails() -> None:
    guest = FakeGuest(SCREEN, apps={"daemon": lambda _: None})
    assert code(await done(guest, Launch(argv=("daemon",)))) is None
    assert code(await done(guest, Launch(argv=("other",)))) is ErrorCode.LAUNCH_FAILED


async def test_a_program_runs_while_its_window_is_open_and_ends_as_it_was_told_to() -> None:
    guest = FakeGuest(SCREEN, apps={"editor": lambda _: FakeWindow(title="Editor")}, patient=True)
    await done(guest, Launch(argv=("editor",)))
    (program,) = guest.programs.values()
    program.output, program.code = "x" * 2000, 3
    waiting = asyncio.create_task(done(guest, WaitExit(pid=program.pid)))
    await asyncio.sleep(0)
    await done(guest, CloseWindow(window=0x400001))
    told = Program(pid=program.pid, argv=("editor",), log="/tmp/launch-1000.log", running=False, code=3)  # noqa: S108
    assert (await waiting).results == (told,)
    reply = await done(guest, ReadOutput(pid=program.pid, max_output=1000), ListPrograms())
    notice = "\n[... 1000 bytes of output left out ...]\n"
    assert reply.results == (ProgramOutput(text="x" * 500 + notice + "x" * 500), ProgramList(programs=(told,)))


async def test_what_is_opened_is_there_and_has_a_program_by_its_suffix_or_scheme() -> None:
    guest = FakeGuest(
        SCREEN,
        apps={"editor": lambda argv: FakeWindow(title=argv[1])},
        openers={".txt": "editor", "https": "editor"},
        files={"a.txt": b"", "b.bin": b""},
    )
    assert code(await done(guest, Open(target="a.txt"), WaitWindow(title="a.txt"))) is None
    assert code(await done(guest, Open(target="https://there"), WaitWindow(title="there"))) is None
    for target in ("b.txt", "b.bin", "http://there"):
        assert code(await done(guest, Open(target=target))) is ErrorCode.LAUNCH_FAILED
