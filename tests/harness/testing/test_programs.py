"""Programs in memory."""

from __future__ import annotations

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import ErrorCode, Launch, Launched, WaitWindow, WindowFound
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
