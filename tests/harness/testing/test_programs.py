"""Programs and windows in memory."""

from __future__ import annotations

import asyncio

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


async def test_a_patient_guest_waits_for_a_window_that_is_shown_meanwhile() -> None:
    guest = FakeGuest(SCREEN, patient=True)
    waiting = asyncio.create_task(done(guest, WaitWindow(title="late")))
    await asyncio.sleep(0)
    guest.show(FakeWindow(title="early"))
    await asyncio.sleep(0)
    guest.show(FakeWindow(title="late"))
    assert code(await waiting) is None


async def test_a_wait_for_what_never_comes_is_over_at_once_unless_the_guest_is_patient() -> None:
    assert code(await done(FakeGuest(SCREEN), WaitWindow(title="none"))) is ErrorCode.NO_SUCH_WINDOW
    patient = FakeGuest(SCREEN, patient=True)
    assert code(await done(patient, WaitWindow(title="none"), deadline_ms=1)) is ErrorCode.DEADLINE


async def test_a_title_that_is_no_regular_expression_is_malformed() -> None:
    assert code(await done(FakeGuest(SCREEN), WaitWindow(title_regex="("))) is ErrorCode.MALFORMED
