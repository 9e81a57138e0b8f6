from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from Xlib import X, Xatom

from sandbox_image.wire import (
    Done,
    ErrorCode,
    ListWindows,
    Move,
    Region,
    ScreenPoint,
    WaitWindow,
    WaitWindowGone,
    Window,
    WindowFound,
    WindowList,
)
from tests.support.hands import failure_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11


async def listed(hands: Hands) -> tuple[Window, ...]:
    (result,) = (await hands.do(ListWindows())).reply.results
    assert isinstance(result, WindowList)
    return result.windows


async def found(hands: Hands, wish: WaitWindow) -> Window:
    (result,) = (await hands.do(wish)).reply.results
    assert isinstance(result, WindowFound)
    return result.window


async def test_a_window_is_listed_with_its_title_class_and_place(hands: Hands, target: Target) -> None:
    target.window.change_property(
        target.x.get_atom("_NET_WM_NAME"), target.x.get_atom("UTF8_STRING"), 8, "Zähler 世界".encode()
    )
    target.window.change_property(target.x.get_atom("_NET_WM_PID"), Xatom.CARDINAL, 32, [4711])
    target.x.sync()
    (window,) = await listed(hands)
    assert window.id == target.window.id
    assert window.title == "Zähler 世界"
    assert window.window_class == ("target", "Target")
    assert window.pid == 4711
    assert window.region == target.region
    assert window.active


async def test_windows_are_listed_bottom_to_top_and_one_is_active(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    lower, upper = new_target("lower").show(), new_target("upper").show()
    assert [window.title for window in await listed(hands)] == ["lower", "upper"]
    lower.window.circulate(0)
    windows = await listed(hands)
    assert [window.active for window in windows].count(True) == 1
    assert {window.id for window in windows} == {lower.window.id, upper.window.id}


async def test_a_window_without_title_or_class_is_listed(hands: Hands, target: Target) -> None:
    for name in ("WM_NAME", "WM_CLASS", "_NET_WM_NAME"):
        target.window.delete_property(target.x.get_atom(name))
    target.x.sync()
    (window,) = await listed(hands)
    assert (window.title, window.window_class, window.pid) == ("", ("", ""), None)


@pytest.mark.parametrize(
    "wish",
    [WaitWindow(title="TARG"), WaitWindow(title_regex="^t.*t$"), WaitWindow(window_class="TARGET"), WaitWindow()],
)
async def test_a_window_that_is_there_is_found_at_once(hands: Hands, target: Target, wish: WaitWindow) -> None:
    assert (await found(hands, wish)).id == target.window.id


async def test_the_newest_of_several_windows_is_found(hands: Hands, new_target: Callable[[str], Target]) -> None:
    new_target("one of two").show()
    newest = new_target("two of two").show()
    assert (await found(hands, WaitWindow(title="of two"))).id == newest.window.id


async def test_a_window_that_comes_later_is_waited_for(hands: Hands, new_target: Callable[[str], Target]) -> None:
    waiting = asyncio.create_task(found(hands, WaitWindow(title="later")))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    late = await asyncio.to_thread(new_target("later").show)
    assert (await waiting).id == late.window.id


async def test_a_window_that_is_about_to_get_the_focus_is_found_with_it(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    behind = new_target("behind").show()
    new_target("in front").show()
    waiting = asyncio.create_task(found(hands, WaitWindow(title="behind")))
    await asyncio.sleep(0.05)
    behind.window.set_input_focus(X.RevertToParent, X.CurrentTime)
    behind.x.flush()
    assert (await waiting).active


async def test_a_window_in_the_background_is_found_as_it_is(hands: Hands, new_target: Callable[[str], Target]) -> None:
    behind = new_target("behind").show()
    new_target("in front").show()
    window = await found(hands, WaitWindow(title="behind"))
    assert (window.id, window.active) == (behind.window.id, False)


async def test_a_window_that_takes_its_title_later_is_waited_for(hands: Hands, target: Target) -> None:
    waiting = asyncio.create_task(found(hands, WaitWindow(title="document")))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    target.window.set_wm_name("my document")
    target.x.flush()
    assert (await waiting).title == "my document"


@pytest.mark.usefixtures("target")
async def test_a_window_that_does_not_come_is_told_with_those_that_are_there(hands: Hands) -> None:
    answer = await hands.perform(WaitWindow(title="absent", pid=1, timeout_ms=50))
    failure = failure_in(answer)
    assert failure.code is ErrorCode.NO_SUCH_WINDOW
    assert "no window with title 'absent', pid 1 within 50 ms; windows on the screen: 'target' (Target)" in (
        failure.message
    )


async def test_a_hidden_window_is_not_found(hands: Hands, new_target: Callable[[str], Target]) -> None:
    hidden = new_target("hidden")
    hidden.x.sync()
    answer = await hands.perform(WaitWindow(title="hidden", timeout_ms=50))
    assert failure_in(answer).code is ErrorCode.NO_SUCH_WINDOW


async def test_a_title_pattern_that_is_none_is_refused(hands: Hands) -> None:
    answer = await hands.perform(WaitWindow(title_regex="("))
    assert failure_in(answer).code is ErrorCode.MALFORMED
    assert "'(' is not a regular expression" in failure_in(answer).message


async def test_windows_that_come_and_go_do_not_disturb_listing(
    hands: Hands, new_target: Callable[[str], Target]
) -> None:
    stay = new_target("stays").show()
    passing = [new_target(f"passing {number}").show() for number in range(5)]
    for window in passing:
        listing = asyncio.create_task(listed(hands))
        window.window.destroy()
        window.x.flush()
        windows = await listing
        assert stay.window.id in {one.id for one in windows}


async def test_a_wait_that_is_cancelled_ends_at_once(hands: Hands) -> None:
    waiting = asyncio.create_task(hands.perform(WaitWindow(title="never", timeout_ms=60_000)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 5)
    await hands.do(ListWindows())


async def test_a_window_partly_off_the_screen_keeps_its_true_place(hands: Hands, display: str) -> None:
    from tests.support.xserver import Target  # noqa: PLC0415 - only the X ring has it

    window = Target(display, region=Region(x=1100, y=700, width=400, height=300)).show()
    try:
        (listed_window,) = await listed(hands)
        assert listed_window.region == window.region
    finally:
        window.close()


@pytest.mark.parametrize(
    "wish", [WaitWindowGone(title="TARG"), WaitWindowGone(title_regex="^t.*t$"), WaitWindowGone(window_class="target")]
)
async def test_a_window_is_waited_for_until_it_is_gone(hands: Hands, target: Target, wish: WaitWindowGone) -> None:
    waiting = asyncio.create_task(hands.do(wish))
    by_number = asyncio.create_task(hands.do(WaitWindowGone(window=target.window.id)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert not by_number.done()
    target.window.destroy()
    target.x.flush()
    for answer in (await waiting, await by_number):
        assert answer.reply.results == (Done(),)


@pytest.mark.usefixtures("target")
async def test_a_window_that_stays_is_told_with_its_title(hands: Hands) -> None:
    failure = failure_in(await hands.perform(WaitWindowGone(title="targ", timeout_ms=50)))
    assert failure.code is ErrorCode.WINDOW_STAYED
    assert "'target' (Target) still there after 50 ms" in failure.message


async def test_what_is_not_there_is_gone(hands: Hands) -> None:
    await hands.do(WaitWindowGone(title="never was", timeout_ms=0), WaitWindowGone(window=77, timeout_ms=0))


async def test_a_wait_holds_up_nobody_who_acts(hands: Hands, new_target: Callable[[str], Target]) -> None:
    waiting = asyncio.create_task(found(hands, WaitWindow(title="later")))
    await asyncio.sleep(0.05)
    await hands.do(Move(to=ScreenPoint(x=5, y=5)))
    late = await asyncio.to_thread(new_target("later").show)
    assert (await waiting).id == late.window.id
