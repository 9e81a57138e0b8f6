from __future__ import annotations

import asyncio

import pytest

from harness.geometry import Viewport
from harness.testing import FakeDesktop, FakeWindow
from harness.tools.bash import Bash
from harness.tools.call import HALTED, Call, Json, Result
from harness.tools.computer import Computer
from harness.tools.toolbox import CANCELLED, Toolbox, blocks
from sandbox_image.wire import Region, Size

VIEW = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=Size(width=1280, height=800))


class Slow:
    """A tool that notes what it does, and takes its time."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.gate = asyncio.Event()

    async def do(self, call: Call) -> Result:
        self.notes.append(f"begins {call.id}")
        self.begun.set()
        await self.gate.wait()
        self.notes.append(f"ends {call.id}")
        self.ended.set()
        return Result(call.id)


@pytest.fixture
async def desktop() -> FakeDesktop:
    desktop = FakeDesktop(Size(width=1280, height=800), apps={"editor": lambda _: FakeWindow(title="editor")})
    await desktop.launch("editor")
    await desktop.wait_for_window("editor")
    return desktop


def member(number: int, name: str, given: Json | None = None) -> Call:
    return Call(f"c{number}", name, given or {}, "computer")


async def answered(box: Toolbox, *calls: Call) -> list[Result]:
    results: dict[str, Result] = {}
    await box.answer(calls, results)
    return [results[call.id] for call in calls]


async def test_actions_after_one_that_fails_are_not_done(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {})
    first, second, third = await answered(
        box,
        member(1, "mouse_move", {"coordinate": [5, 5]}),
        member(2, "left_click", {"coordinate": [9999, 5]}),
        member(3, "mouse_move", {"coordinate": [700, 5]}),
    )
    assert not first.failed
    assert second.failed
    assert third == Result(HALTED, failed=True)
    assert (await desktop.pointer()).at.x == 5


async def test_a_broken_call_of_the_computer_halts_it_too(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {"bash": Bash(desktop)})
    broken, halted, shell = await answered(
        box, Call("a", "computer", {"actions": []}), member(1, "screenshot"), Call("b", "bash", {"command": "true"})
    )
    assert broken.failed
    assert halted.text == HALTED
    assert not shell.failed


async def test_a_batch_that_changed_the_screen_ends_with_a_picture(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {})
    first, second = await answered(box, member(1, "type", {"text": "a"}), member(2, "type", {"text": "b"}))
    assert first.picture is None
    assert second.picture is not None
    (nothing,) = await answered(box, member(3, "cursor_position"))
    assert nothing.picture is None


async def test_a_batch_that_looked_itself_is_not_shown_the_screen_again(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {})
    typed, seen = await answered(box, member(1, "type", {"text": "a"}), member(2, "screenshot"))
    assert typed.picture is None
    assert seen.picture is not None


async def test_calls_of_one_tool_go_in_order_and_tools_side_by_side(desktop: FakeDesktop) -> None:
    one, other = Slow(), Slow()
    box = Toolbox(Computer(desktop, VIEW), {"one": one, "other": other})
    work = asyncio.create_task(answered(box, Call("a", "one", {}), Call("b", "other", {}), Call("c", "one", {})))
    await one.begun.wait()
    await other.begun.wait()
    assert (one.notes, other.notes) == (["begins a"], ["begins b"])
    one.gate.set()
    other.gate.set()
    assert [result.text for result in await work] == ["a", "b", "c"]
    assert one.notes == ["begins a", "ends a", "begins c", "ends c"]


async def test_an_unknown_tool_is_told_with_those_there_are(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {"bash": Bash(desktop)})
    (result,) = await answered(box, Call("a", "python", {}))
    assert result == Result("there is no tool 'python'; there are: computer, bash", failed=True)


async def test_every_call_is_answered_when_the_turn_is_cancelled(desktop: FakeDesktop) -> None:
    slow, quick = Slow(), Slow()
    quick.gate.set()
    box = Toolbox(Computer(desktop, VIEW), {"slow": slow, "quick": quick})
    calls = [Call("a", "slow", {}), Call("c1", "quick", {}), Call("b", "slow", {})]
    results: dict[str, Result] = {}
    work = asyncio.create_task(box.answer(calls, results))
    await quick.ended.wait()
    await slow.begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [result.text for result in (results["a"], results["b"])] == [CANCELLED, CANCELLED]
    assert [block["tool_use_id"] for block in blocks(calls, results)] == ["a", "c1", "b"]
