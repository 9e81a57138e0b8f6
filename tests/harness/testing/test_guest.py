"""The desktop in memory: state, rules and what tests can look at."""

from __future__ import annotations

from harness.testing import FakeGuest
from sandbox_image.wire import Click, ErrorCode, Perform, Picture, Press, Region, ScreenPoint, TypeText
from tests.support.asking import SCREEN, code, done


async def test_typing_at_no_window_changes_nothing() -> None:
    reply = await done(FakeGuest(SCREEN), TypeText(text="lost"))
    assert reply.effect is not None
    assert not reply.effect.changed


async def test_a_refused_action_leaves_the_state_as_it_was() -> None:
    guest = FakeGuest(SCREEN)
    before = guest.pointer
    for action in (Click(at=ScreenPoint(x=640, y=0)), Press(keys="none"), TypeText(text="a\0")):
        assert code(await done(guest, action)) is not None
    assert (guest.pointer, guest.done) == (before, [])


async def test_a_picture_off_the_screen_is_refused_before_anything_is_done() -> None:
    guest = FakeGuest(SCREEN)
    off = Picture(region=Region(x=639, y=0, width=2, height=1))
    answer = await guest.perform(Perform(id="12345678", actions=(Click(),), picture=off))
    assert (code(answer.reply), answer.picture, guest.done) == (ErrorCode.OFF_SCREEN, b"", [])
