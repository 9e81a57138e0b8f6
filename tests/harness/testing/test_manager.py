"""The window manager in memory."""

from __future__ import annotations

import asyncio

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import CloseWindow, ErrorCode, ListWindows, SetWindowState, TypeText, WaitWindow, WaitWindowGone
from tests.support.asking import SCREEN, code, done


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


async def test_a_patient_guest_waits_until_a_window_is_gone_and_goes_on_meanwhile() -> None:
    guest = FakeGuest(SCREEN, patient=True)
    window = guest.show(FakeWindow(title="document"))
    waiting = asyncio.create_task(done(guest, WaitWindowGone(title="document")))
    await asyncio.sleep(0)
    window.closed = True
    await done(guest, ListWindows())
    assert code(await waiting) is None


async def test_a_window_that_is_minimized_is_neither_seen_nor_clicked_but_not_gone() -> None:
    guest = FakeGuest(SCREEN)
    below = guest.show(FakeWindow(title="below"))
    above = guest.show(FakeWindow(title="above"))
    minimize = SetWindowState(window=0x400002, state="minimized")
    assert code(await done(guest, minimize, WaitWindow(title="above"))) is ErrorCode.NO_SUCH_WINDOW
    assert code(await done(guest, WaitWindowGone(title="above"))) is ErrorCode.WINDOW_STAYED
    await done(guest, TypeText(text="x"))
    assert (below.text, above.text) == ("x", "")


async def test_a_dialog_instead_of_an_end_is_shown_and_told() -> None:
    class Document(FakeWindow):
        def closing(self) -> FakeWindow | None:
            return FakeWindow(title="Save?")

    guest = FakeGuest(SCREEN)
    guest.show(Document())
    assert code(await done(guest, CloseWindow(window=0x400001))) is ErrorCode.WINDOW_STAYED
    assert code(await done(guest, WaitWindow(title="Save?"), CloseWindow(window=0x400001, force=True))) is None
    assert code(await done(guest, WaitWindowGone(window=0x400001))) is None
