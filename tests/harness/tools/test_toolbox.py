from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SandboxLost
from harness.geometry import Viewport
from harness.sandbox.desktop import Desktop
from harness.testing import FakeDesktop, FakeWindow
from harness.tools.bash import Bash
from harness.tools.call import HALTED, Call, Json, Result
from harness.tools.computer import KINDS, Computer
from harness.tools.editor import KINDS as EDITS
from harness.tools.editor import Editor
from harness.tools.human import Human
from harness.tools.toolbox import CANCELLED, Tool, Toolbox, blocks
from sandbox_image.wire import Action, Answer, Region, Size

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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "action",
    "coordinate",
    "start_coordinate",
    "region",
    "text",
    "key",
    "repeat",
    "duration",
    "scroll_direction",
    "scroll_amount",
]
FIELDS += [
    "command",
    "restart",
    "path",
    "file_text",
    "old_str",
    "new_str",
    "insert_line",
    "insert_text",
    "view_range",
    "question",
    "actions",
]
WORDS = [*KINDS, *EDITS, "up", "left", "ctrl", "a", "note.txt", "/", "..", "\0", "\ud800", "{secret:PIN}"]
FITTING = st.sampled_from(WORDS) | st.lists(st.integers(-5, 1300), min_size=2, max_size=4) | st.integers(-1, 2) | JSON
INPUTS = st.dictionaries(st.sampled_from(FIELDS), FITTING, max_size=5)
NAMES = st.sampled_from([*KINDS, "computer", "bash", "str_replace_editor", "request_human", "nobody", ""])


@given(st.lists(st.tuples(NAMES, INPUTS, st.sampled_from(["computer", None, "browser"])), max_size=3))
@settings(max_examples=300)
async def test_whatever_a_call_says_it_is_answered(told: list[tuple[str, Json, str | None]]) -> None:
    desktop = FakeDesktop(Size(width=1280, height=800), files={"note.txt": b"one\ntwo\n"})
    others: dict[str, Tool] = {"bash": Bash(desktop), "str_replace_editor": Editor(desktop), "request_human": Human()}
    calls = [Call(f"c{n}", name, given, toolset) for n, (name, given, toolset) in enumerate(told)]
    calls = [call for call in calls if call.name != "wait" and call.input.get("action") not in ("wait", "hold_key")]
    results: dict[str, Result] = {}
    await Toolbox(Computer(desktop, VIEW), others).answer(calls, results)
    for call, block in zip(calls, blocks(calls, results), strict=True):
        assert block["tool_use_id"] == call.id
        assert block["content"]
        json.dumps(block, ensure_ascii=False).encode()


async def test_halves_of_characters_are_told_and_reach_no_tool(desktop: FakeDesktop) -> None:
    (result,) = await answered(Toolbox(Computer(desktop, VIEW), {}), member(1, "type", {"text": "a\ud800"}))
    assert "no text (lone surrogates)" in result.text
    assert desktop.guest.done[-1].kind != "type"


class Lost(Desktop):
    """Its sandbox is gone."""

    def __init__(self) -> None:
        super().__init__(FakeDesktop().guest, Size(width=1280, height=800))

    async def perform(self, *actions: Action, **given: Any) -> Answer:  # noqa: ARG002 - the same
        raise SandboxLost("it is gone")


async def test_a_sandbox_that_is_lost_is_raised_as_it_is() -> None:
    box = Toolbox(Computer(Lost(), VIEW), {"bash": Slow()})
    results: dict[str, Result] = {}
    with pytest.raises(SandboxLost):
        await box.answer([member(1, "left_click"), Call("b", "bash", {})], results)
    assert results["b"].failed


async def test_no_answer_tells_a_secret_whoever_gives_it(desktop: FakeDesktop) -> None:
    async def refusal(call: Call) -> Result | None:
        return Result("4711 is denied", failed=True) if call.name == "bash" else None

    box = Toolbox(Computer(desktop, VIEW), {}, refusal=refusal, redact=lambda text: text.replace("4711", "•••"))
    calls = Call("a", "bash", {}), Call("b", "x4711", {}), member(1, "key", {"text": "4711"})
    assert not [result for result in await answered(box, *calls) if "4711" in result.text]


async def test_of_cancelled_actions_the_first_says_why_and_the_rest_what_the_api_wants(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {})
    calls = [member(1, "cursor_position"), member(2, "wait", {"duration": 300}), member(3, "screenshot")]
    results: dict[str, Result] = {}
    begun = asyncio.Event()
    work = asyncio.create_task(box.answer(calls, results, lambda *_: begun.set()))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [results[call.id].text for call in calls[1:]] == [CANCELLED, HALTED]
    assert not results["c1"].failed


async def test_pictures_and_places_follow_a_new_size(desktop: FakeDesktop) -> None:
    box = Toolbox(Computer(desktop, VIEW), {})
    box.show(Size(width=640, height=400))
    look, _ = await answered(box, member(1, "screenshot"), member(2, "mouse_move", {"coordinate": [10, 20]}))
    assert look.picture is not None
    assert look.picture.size == Size(width=640, height=400)
    assert (await desktop.pointer()).at.model_dump() == {"x": 21, "y": 41}
