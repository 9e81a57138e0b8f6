import pytest

from harness.events import Event, FrameCaptured
from harness.flow.parse import loads
from harness.flow.scene import News, Scene
from harness.sandbox.desktop import ShellResult
from harness.testing import FakeDesktop
from sandbox_image.wire import WaitChange, WaitNode, WaitWindow

STEP = loads("harness: 1\nname: A\nsteps:\n  - press: a\n").steps[0]


def scene(events: list[Event], limit: float = 0.15) -> Scene:
    return Scene(FakeDesktop(), STEP, events.append, limit=limit, quiet=0.3)


async def test_one_looks_at_once_and_for_the_last_time_when_the_time_is_over() -> None:
    at_work = scene([])
    looks, count = at_work.looks(), 0
    while await looks.again():
        count += 1
    assert at_work.left == 0
    assert 2 <= count <= 10  # a fake answers at once, and is not asked in a tight loop


async def test_without_time_one_looks_once() -> None:
    looks = scene([], limit=0).looks()
    assert [await looks.again(), await looks.again()] == [True, False]


@pytest.mark.parametrize("news", [WaitChange(), WaitNode(), WaitWindow()])
async def test_where_the_news_that_is_waited_for_does_not_come_one_looks_once_more(news: News) -> None:
    at_work = scene([], limit=30)
    looks = at_work.looks()
    assert [await looks.again(news) for _ in range(3)] == [True, True, False]
    assert at_work.left > 0  # a fake knows at once that nothing will come


async def test_the_same_screen_is_the_same_frame() -> None:
    events: list[Event] = []
    at_work = scene(events)
    await at_work.perform(keep="before")
    await at_work.perform(keep="after")
    assert at_work.before == at_work.after
    assert [event.moment for event in events if isinstance(event, FrameCaptured)] == ["before", "after"]


async def test_a_failure_carries_the_active_window_and_the_wait() -> None:
    failed = await scene([]).failed("no")
    assert (failed.failure.message, failed.failure.window) == ("no", None)
    assert failed.failure.waited >= 0


async def test_settling_waits_for_the_quiet_that_the_flow_asks_for() -> None:
    settle = scene([]).settle
    assert (settle.quiet_ms, settle.first_ms, settle.limit_ms) == (300, 300, 2000)


async def test_output_is_an_event() -> None:
    events: list[Event] = []
    scene(events).output(ShellResult("hi", 0))
    assert [event.kind for event in events] == ["output"]
