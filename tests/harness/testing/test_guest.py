"""The desktop in memory: state, rules and what tests can look at."""

from __future__ import annotations

import asyncio

import pytest

from harness.testing import FakeGuest, FakeWindow
from sandbox_image.wire import (
    Action,
    Click,
    Drag,
    ErrorCode,
    Launch,
    Launched,
    Perform,
    Picture,
    Press,
    Region,
    Reply,
    ScreenPoint,
    Scroll,
    Settle,
    Size,
    TypeText,
    WaitWindow,
    WindowFound,
)

SCREEN = Size(width=640, height=480)


async def done(guest: FakeGuest, *actions: Action, deadline_ms: int = 20_000) -> Reply:
    request = Perform(id="12345678", actions=actions, deadline_ms=deadline_ms, settle=Settle())
    return (await guest.perform(request)).reply


def code(reply: Reply) -> ErrorCode | None:
    return reply.failure.code if reply.failure else None


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


async def test_typing_goes_to_the_window_that_was_clicked() -> None:
    guest = FakeGuest(SCREEN)
    left = guest.show(FakeWindow(title="left", region=Region(x=0, y=40, width=200, height=100)))
    right = guest.show(FakeWindow(title="right", region=Region(x=300, y=40, width=200, height=100)))
    await done(guest, TypeText(text="r"), Click(at=ScreenPoint(x=10, y=50)), TypeText(text="l"))
    assert (left.text, right.text) == ("l", "r")


async def test_typing_at_no_window_changes_nothing() -> None:
    reply = await done(FakeGuest(SCREEN), TypeText(text="lost"))
    assert reply.effect is not None
    assert not reply.effect.changed


async def test_a_drag_by_the_title_moves_the_window_and_alt_f4_closes_it() -> None:
    guest = FakeGuest(SCREEN)
    window = guest.show(FakeWindow())
    await done(guest, Drag(path=(ScreenPoint(x=100, y=50), ScreenPoint(x=110, y=30))))
    assert (window.region.x, window.region.y) == (70, 40)
    await done(guest, Press(keys="alt+F4"))
    assert window.closed
    assert code(await done(guest, WaitWindow())) is ErrorCode.NO_SUCH_WINDOW


async def test_the_wheel_turns_at_the_pointer() -> None:
    turned: list[tuple[int, int]] = []

    class Page(FakeWindow):
        def scrolled(self, dx: int, dy: int) -> None:
            turned.append((dx, dy))

    guest = FakeGuest(SCREEN)
    guest.show(Page())
    await done(guest, Scroll(at=ScreenPoint(x=100, y=100), dy=3), Scroll(dx=-1), Scroll(at=ScreenPoint(x=0, y=0), dy=1))
    assert turned == [(0, 3), (-1, 0)]


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


async def test_the_hook_sees_what_is_held_and_nothing_is_held_after_a_cancel() -> None:
    guest, seen = FakeGuest(SCREEN), asyncio.Event()

    async def hook(_: Action) -> None:
        seen.set()
        await asyncio.Event().wait()

    guest.hook = hook
    working = asyncio.create_task(done(guest, Press(keys="ctrl+a")))
    await seen.wait()
    assert guest.held == {"ctrl", "a"}
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert (guest.held, guest.done) == (set(), [])


async def test_a_refused_action_leaves_the_state_as_it_was() -> None:
    guest = FakeGuest(SCREEN)
    before = guest.pointer
    for action in (Click(at=ScreenPoint(x=640, y=0)), Press(keys="none"), TypeText(text="漢")):
        assert code(await done(guest, action)) is not None
    assert (guest.pointer, guest.done) == (before, [])


async def test_a_picture_off_the_screen_is_refused_before_anything_is_done() -> None:
    guest = FakeGuest(SCREEN)
    off = Picture(region=Region(x=639, y=0, width=2, height=1))
    answer = await guest.perform(Perform(id="12345678", actions=(Click(),), picture=off))
    assert (code(answer.reply), answer.picture, guest.done) == (ErrorCode.OFF_SCREEN, b"", [])
