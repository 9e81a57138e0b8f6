from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from Xlib import X
from Xlib.display import Display

from sandbox_image.wire import ErrorCode, Hold, KeyDown, KeyUp, ListWindows, Press, Settle, TypeText, WindowList
from tests.support.hands import failure_in
from tests.support.xserver import held

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11


@pytest.mark.parametrize(
    ("chord", "symbols"),
    [
        ("Return", "0xff0d"),
        ("a", "0x61"),
        ("A", "0xffe1 0x61"),
        ("ctrl+s", "0xffe3 0x73"),
        ("Ctrl+S", "0xffe3 0x73"),
        ("ctrl+shift+t", "0xffe3 0xffe1 0x74"),
        ("ctrl++", "0xffe1 0xffe3 0x3d"),
        ("shift+plus", "0xffe1 0x3d"),
        ("F5", "0xffc2"),
        ("Page_Down", "0xff56"),
    ],
)
async def test_a_chord_presses_its_keys_in_order_with_shift_where_a_symbol_needs_it(
    hands: Hands, target: Target, chord: str, symbols: str
) -> None:
    await hands.do(Press(keys=chord))
    assert target.text() == symbols


async def test_keys_of_a_chord_are_released_in_reverse(hands: Hands, target: Target) -> None:
    await hands.do(Press(keys="ctrl+x"))
    kinds = [(note.kind, note.detail) for note in target.noted()]
    control, letter = kinds[0][1], kinds[1][1]
    assert kinds == [("key", control), ("key", letter), ("unkey", letter), ("unkey", control)]


async def test_repeat_presses_the_chord_so_often(hands: Hands, target: Target) -> None:
    await hands.do(Press(keys="Down", repeat=7))
    assert target.text() == " ".join(["0xff54"] * 7)


async def test_a_key_is_held_down_for_its_time_and_repeats_meanwhile(
    hands: Hands, target: Target, display: str
) -> None:
    holding = asyncio.create_task(hands.do(Hold(keys="shift+a", hold_ms=900)))
    shift, *letters = await asyncio.to_thread(target.noted, "key", count=3)
    assert len({note.detail for note in letters}) == 1
    assert held(display) == sorted([shift.detail, letters[0].detail])
    await holding
    assert held(display) == []


async def test_a_hold_that_is_cancelled_releases_its_keys(hands: Hands, target: Target, display: str) -> None:
    holding = asyncio.create_task(hands.do(Hold(keys="ctrl+Down", hold_ms=300_000)))
    await asyncio.to_thread(target.noted, "key", count=2)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert held(display) == []


async def test_a_hold_leaves_what_is_held_already(hands: Hands, target: Target, display: str) -> None:
    await hands.do(KeyDown(keys="ctrl"))
    (control,) = held(display)
    target.noted("key", count=1)
    await hands.do(Hold(keys="ctrl+x", hold_ms=1))
    assert held(display) == [control]
    assert [note.detail == control for note in target.noted("key", "unkey")] == [False, False]
    assert failure_in(await hands.perform(Hold(keys="ctrl", hold_ms=1))).code is ErrorCode.HELD


async def test_a_key_that_the_layout_lacks_is_given_a_free_key_code(hands: Hands, target: Target, display: str) -> None:
    await hands.do(Press(keys="F20"))
    (note,) = target.noted("key")
    x = Display(display)
    assert x.keycode_to_keysym(note.detail, 0) == 0xFFD1
    x.close()
    await hands.do(Press(keys="F20"))
    assert target.noted("key")[0].detail == note.detail


@pytest.fixture
def russian(display: str) -> Iterator[None]:
    """A layout without Latin letters."""
    subprocess.run(["setxkbmap", "-display", display, "ru"], check=True, timeout=20)
    yield
    subprocess.run(["setxkbmap", "-display", display, "us"], check=True, timeout=20)


@pytest.mark.usefixtures("russian")
async def test_a_shortcut_that_the_layout_has_no_letter_for_is_pressed_where_a_us_keyboard_has_it(
    hands: Hands, target: Target
) -> None:
    for _ in range(2):
        await hands.do(Press(keys="ctrl+C"))
        assert [note.detail for note in target.noted("key")] == [37, 54]


async def test_an_unknown_key_presses_nothing(hands: Hands, target: Target) -> None:
    answer = await hands.perform(Press(keys="ctrl+Retrun"))
    assert failure_in(answer).code is ErrorCode.UNKNOWN_KEY
    assert "Return" in failure_in(answer).message
    assert target.noted() == []


async def test_a_chord_of_the_window_manager_is_over_when_its_keys_are_released(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    for title in ("one", "other"):
        new_target(title).show()
    actives = []
    for _ in range(10):
        await hands.do(Press(keys="alt+Tab"), settle=Settle())
        (answer,) = (await hands.do(ListWindows())).reply.results
        assert isinstance(answer, WindowList)
        actives += [window.title for window in answer.windows if window.active]
    assert actives == ["one", "other"] * 5


# --- keys that are held -----------------------------------------------------------------------------------------------


async def test_a_key_that_is_held_stays_down_beside_others(hands: Hands, target: Target) -> None:
    await hands.do(KeyDown(keys="ctrl+a"))
    await hands.do(Press(keys="ctrl+c"), Press(keys="b"))
    await hands.do(KeyUp(keys="Control_L"))
    codes = {name: target.x.keysym_to_keycode(symbol) for name, symbol in (("ctrl", 0xFFE3), ("a", 97), ("c", 99))}
    notes = [(note.kind, note.detail) for note in target.noted("key", "unkey", count=7)]
    assert notes[:2] == [("key", codes["ctrl"]), ("key", codes["a"])]
    assert notes[2:4] == [("key", codes["c"]), ("unkey", codes["c"])]
    assert notes[-1] == ("unkey", codes["ctrl"])
    assert held(hands.display) == [codes["a"]]


async def test_a_key_that_is_held_is_not_pressed_again(hands: Hands, target: Target) -> None:
    await hands.do(KeyDown(keys="shift+w"))
    target.noted("key", count=2)
    for action in (Press(keys="w"), KeyDown(keys="w"), KeyDown(keys="ctrl+w"), TypeText(text="w")):
        failure = failure_in(await hands.perform(action))
        assert failure.code is ErrorCode.HELD
        assert "down are 'shift', 'w'" in failure.message
    assert target.noted("unkey") == []


async def test_a_key_that_is_not_held_cannot_be_released(hands: Hands) -> None:
    await hands.do(KeyDown(keys="shift"))
    failure = failure_in(await hands.perform(KeyUp(keys="shift+x")))
    assert failure.code is ErrorCode.HELD
    assert "'x' is not held down: down are 'shift'" in failure.message
    assert len(held(hands.display)) == 1


async def test_a_key_that_a_program_keeps_back_is_an_error_and_not_held(hands: Hands, target: Target) -> None:
    target.window.grab_keyboard(True, X.GrabModeAsync, X.GrabModeSync, X.CurrentTime)  # noqa: FBT003 - python-xlib's own
    target.x.sync()
    answer = await hands.perform(KeyDown(keys="shift"))
    assert failure_in(answer).code is ErrorCode.BLOCKED
    target.x.ungrab_keyboard(X.CurrentTime)
    target.x.sync()
    await hands.do(Press(keys="a"))
    assert held(hands.display) == []
