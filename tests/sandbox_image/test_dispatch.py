from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from Xlib.display import Display

from sandbox_image.dispatch import Dispatch
from sandbox_image.settle import PAUSE_S
from sandbox_image.wire import (
    Click,
    Done,
    ErrorCode,
    FindFile,
    Launch,
    Launched,
    ListFolder,
    ListWindows,
    Move,
    Perform,
    Picture,
    Press,
    ReadFile,
    ReadFocus,
    Region,
    ScreenPoint,
    Settle,
    Size,
    TypeText,
    WaitWindow,
)
from tests.support.hands import NoWorker, effect_in, failure_in, picture_in

if TYPE_CHECKING:
    from tests.support.hands import Hands
    from tests.support.xserver import Target, Terminal

pytestmark = pytest.mark.x11
QUICK = Settle(quiet_ms=100, first_ms=100)


async def test_results_come_in_the_order_of_the_actions(hands: Hands, target: Target) -> None:
    answer = await hands.do(Move(to=target.at(5, 5)), Launch(argv=("true",)), ListWindows(), Press(keys="a"))
    kinds = [result.kind for result in answer.reply.results]
    assert kinds == ["done", "launched", "window_list", "done"]
    assert answer.reply.results[1] == Launched(pid=1, log="/log")
    assert hands.worker.asked == [Launch(argv=("true",))]


async def test_the_focus_is_asked_of_the_program_that_has_it(hands: Hands, target: Target) -> None:
    assert target.window.id
    await hands.perform(ReadFocus())
    await hands.perform(ReadFocus(pid=7))
    assert hands.worker.asked == [ReadFocus(pid=os.getpid()), ReadFocus(pid=7)]


async def test_files_wait_neither_for_a_screen_nor_for_who_acts_on_it() -> None:
    worker = NoWorker()
    dispatch = Dispatch(worker)
    asked = (ListFolder(path="~"), FindFile(path="x"))
    answer = await dispatch.perform(Perform(id="no-screen-needed", actions=asked))
    assert (worker.asked, len(answer.reply.results)) == (list(asked), 2)


async def test_the_first_failure_ends_the_request_and_the_picture_is_taken(hands: Hands, target: Target) -> None:
    answer = await hands.perform(Press(keys="a"), Press(keys="nokey"), Press(keys="b"), picture=Picture(), settle=QUICK)
    assert answer.reply.results == (Done(),)
    assert (failure_in(answer).code, failure_in(answer).action) == (ErrorCode.UNKNOWN_KEY, 1)
    assert target.text() == "0x61"
    assert not effect_in(answer).changed or effect_in(answer).box
    with Image.open(io.BytesIO(answer.picture)) as image:
        assert image.size == (1280, 800)


async def test_a_picture_that_cannot_be_is_refused_before_anything_is_done(hands: Hands, target: Target) -> None:
    picture = Picture(region=Region(x=1270, y=0, width=20, height=20))
    answer = await hands.perform(Press(keys="a"), picture=picture)
    assert failure_in(answer).code is ErrorCode.OFF_SCREEN
    assert answer.reply.results == ()
    assert target.noted() == []


async def test_requests_with_actions_do_not_mix(hands: Hands, terminal: Terminal) -> None:
    texts = ["a" * 500, "b" * 500, "c" * 500]
    await asyncio.gather(*(hands.do(TypeText(text=text)) for text in texts))
    assert terminal.read(1500).decode() == "".join(texts)


async def test_looking_does_not_wait_for_acting(hands: Hands) -> None:
    acting = asyncio.create_task(hands.perform(Press(keys="Shift_L"), WaitWindow(title="never", timeout_ms=60_000)))
    await asyncio.sleep(0.05)
    answers = await asyncio.gather(*(hands.perform(picture=Picture()) for _ in range(8)))
    assert all(answer.picture for answer in answers)
    assert not acting.done()
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting


async def test_however_many_pictures_are_asked_for_the_hands_get_their_turn(hands: Hands, target: Target) -> None:
    pictures = [asyncio.create_task(hands.perform(picture=Picture())) for _ in range(100)]
    await pictures[0]
    await hands.do(Click(at=target.at(10, 10)))
    assert not pictures[-1].done()
    assert all([(await picture).reply.failure is None for picture in pictures])


async def test_nothing_that_happens_is_no_effect(hands: Hands, target: Target) -> None:
    answer = await hands.do(Move(to=target.at(20, 20)), settle=Settle())
    effect = effect_in(answer)
    assert (effect.changed, effect.box, effect.share, effect.still) == (False, None, 0, True)
    assert effect.waited_ms >= Settle().first_ms


async def test_the_effect_is_what_changed_up_to_the_picture(hands: Hands, target: Target) -> None:
    await hands.do(Move(to=target.at(300, 300)), settle=QUICK)
    target.noted()
    acting = asyncio.create_task(
        hands.perform(Click(), settle=Settle(quiet_ms=200, first_ms=200), picture=Picture(format="png"))
    )
    await asyncio.to_thread(target.await_first, "press")
    target.fill(10, 20, 60, 40, 0xFF0000)
    await asyncio.sleep(0.12)
    target.fill(70, 20, 30, 40, 0xFF0000)
    answer = await acting
    corner = target.at(10, 20)
    box = Region(x=corner.x, y=corner.y, width=90, height=40)
    effect = effect_in(answer)
    assert (effect.changed, effect.still) == (True, True)
    assert effect.box == box
    assert effect.share == 3600 / 1280 / 800
    assert effect.waited_ms >= 300
    with Image.open(io.BytesIO(answer.picture)) as image:
        part = image.convert("RGB").crop((box.x, box.y, box.x + 90, box.y + 40))
    assert part.getcolors() == [(3600, (255, 0, 0))]


async def test_drawing_the_same_again_is_no_change(hands: Hands, target: Target) -> None:
    target.fill(0, 0, 200, 200, 0x00FF00)
    waiting = asyncio.create_task(hands.perform(settle=Settle(first_ms=500)))
    await asyncio.sleep(0.1)
    target.fill(0, 0, 200, 200, 0x00FF00)
    assert not effect_in(await waiting).changed


async def test_a_screen_that_never_rests_is_told_as_not_still(hands: Hands, target: Target) -> None:
    waiting = asyncio.create_task(hands.perform(settle=Settle(limit_ms=400)))
    colour = 0
    while not waiting.done():
        target.fill(0, 0, 200, 200, colour := colour + 0x10101)
        await asyncio.sleep(0.005)
    effect = effect_in(await waiting)
    assert not effect.still
    assert effect.changed


async def test_a_program_that_works_in_silence_is_waited_for_with_patience(hands: Hands, target: Target) -> None:
    from tests.support.xserver import running  # noqa: PLC0415 - only the X ring has it

    with running("python3", "-c", "while True: pass"):
        effect = effect_in(await hands.do(Move(to=target.at(20, 20)), settle=Settle(patience_ms=600)))
    assert (effect.changed, effect.still, effect.busy) == (False, True, True)
    assert effect.waited_ms >= 600


async def test_an_input_keeps_its_distance_from_the_answer_to_the_last_one(hands: Hands, target: Target) -> None:
    began = time.monotonic()
    await hands.do(Click(at=target.at(20, 20)), settle=Settle())
    await hands.do(Click(at=target.at(30, 30)))
    assert time.monotonic() - began >= PAUSE_S
    assert len(target.noted("press", count=2)) == 2


async def test_a_request_before_there_is_a_display_waits_for_it(display: str) -> None:
    from sandbox_image.dispatch import Dispatch  # noqa: PLC0415 - only the X ring has python-xlib everywhere
    from tests.support.hands import NoWorker  # noqa: PLC0415 - the same

    dispatch = Dispatch(NoWorker())
    early = asyncio.create_task(dispatch.perform(Perform(id="request-early", picture=Picture())))
    await asyncio.sleep(0)
    assert not early.done()
    dispatch.attach(display)
    assert (await early).picture
    dispatch.detach()


async def test_a_connection_that_a_program_kills_is_opened_again(hands: Hands, target: Target, display: str) -> None:
    await hands.do(Press(keys="a"))
    async with (await hands.dispatch._up()).acting() as lane:  # noqa: SLF001 - which client to kill
        ours = lane.desk.x
    window = ours.probe()
    ours.x.sync()
    x = Display(display)
    x.create_resource_object("window", window.id).kill_client()
    x.sync()
    x.close()
    await hands.do(Press(keys="b"), settle=QUICK)
    assert target.text() == "0x61 0x62"


async def test_what_comes_when_the_x_server_has_just_ended_is_done_on_the_next_one(hands: Hands) -> None:
    from tests.support.xserver import running, x_server  # noqa: PLC0415 - only the X ring has it

    with x_server() as (name, pid), running("openbox", display=name):
        hands.dispatch.attach(name)
        await hands.dispatch.ready(panel_s=0)
        under_way = asyncio.create_task(hands.perform(WaitWindow(title="never", timeout_ms=60_000)))
        queued = asyncio.create_task(hands.perform(Press(keys="a")))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        assert failure_in(await under_way).code is ErrorCode.DISPLAY_LOST
        looking = asyncio.create_task(hands.perform(picture=Picture()))
        hands.dispatch.detach()
    with x_server() as (name, _), running("openbox", display=name):
        hands.dispatch.attach(name)
        assert (await queued).reply.failure is None
        assert (await looking).picture


async def test_the_end_of_the_x_server_is_told_and_another_can_be_attached(hands: Hands) -> None:
    from tests.support.xserver import running, x_server  # noqa: PLC0415 - only the X ring has it

    with x_server() as (name, pid), running("openbox", display=name):
        hands.dispatch.attach(name)
        await hands.dispatch.ready(panel_s=0)
        acting = asyncio.create_task(
            hands.perform(WaitWindow(title="never", timeout_ms=60_000), picture=Picture(), settle=Settle())
        )
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        answer = await acting
        assert failure_in(answer).code is ErrorCode.DISPLAY_LOST
        assert answer.picture == b""
        assert failure_in(await hands.perform(Press(keys="a"))).code is ErrorCode.DISPLAY_LOST
        assert failure_in(await hands.perform(picture=Picture())).code is ErrorCode.DISPLAY_LOST
    with x_server() as (name, _), running("openbox", display=name):
        hands.dispatch.attach(name)
        size = await hands.dispatch.ready(panel_s=0)
        assert (size.width, size.height) == (1280, 800)
        await hands.do(Click(at=ScreenPoint(x=1, y=1)))
        assert (await hands.perform(picture=Picture())).picture


@pytest.mark.parametrize(
    "request_",
    [
        Perform(id="request-press", actions=(Press(keys="b"),)),
        Perform(id="request-picture", picture=Picture()),
        Perform(id="request-settle", settle=Settle(), picture=Picture()),
        Perform(id="request-wait", actions=(WaitWindow(title="never"),), picture=Picture()),
    ],
    ids=lambda request: request.id,
)
async def test_cancelling_cuts_off_an_x_server_that_does_not_answer(hands: Hands, request_: Perform) -> None:
    from tests.support.xserver import running, x_server  # noqa: PLC0415 - only the X ring has it

    with x_server() as (name, pid), running("openbox", display=name):
        hands.dispatch.attach(name)
        await hands.dispatch.ready(panel_s=0)
        await hands.do(Press(keys="a"))
        assert (await hands.perform(picture=Picture())).picture
        os.kill(pid, signal.SIGSTOP)
        acting = asyncio.create_task(hands.dispatch.perform(request_))
        await asyncio.sleep(0.1)
        acting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(acting, 30)
        os.kill(pid, signal.SIGCONT)
        await hands.do(Press(keys="c"))
        assert (await hands.perform(picture=Picture())).picture


async def test_a_screen_that_takes_another_size_is_shown_as_it_is(hands: Hands) -> None:
    from tests.support.xserver import running, x_server  # noqa: PLC0415 - only the X ring has it

    with x_server() as (name, _), running("openbox", display=name):
        hands.dispatch.attach(name)
        await hands.dispatch.ready(panel_s=0)
        assert picture_in(await hands.perform(picture=Picture())).size == Size(width=1280, height=800)
        x = Display(name)
        resources = x.screen().root.xrandr_get_screen_resources()
        modes = {(mode.width, mode.height): mode.id for mode in resources.modes}
        x.xrandr_set_crtc_config(resources.crtcs[0], 0, 0, 0, modes[1024, 768], 1, [resources.outputs[0]])
        x.screen().root.xrandr_set_screen_size(1024, 768, 270, 203)
        x.sync()
        x.close()
        assert picture_in(await hands.perform(picture=Picture())).size == Size(width=1024, height=768)
        await hands.do(Move(to=ScreenPoint(x=1000, y=700)))


async def test_files_and_the_shell_are_the_workers(hands: Hands) -> None:
    with pytest.raises(NotImplementedError):
        hands.dispatch.read_file(ReadFile(path="x"))
