from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from harness.agent.form import Given, form
from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop
from harness.agent.outcome import Failed, Finished, LimitReached, Refused, Stuck
from harness.agent.stuck import NUDGE
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, RequestTooLarge, ToolUnknown
from harness.geometry import Viewport
from harness.model.asking import Asking
from harness.model.catalog import NEWEST, Entry
from harness.model.scripted import Line, Scripted
from harness.model.transcript import Transcript
from harness.model.turn import Request, Turn
from harness.testing import FakeDesktop, FakeWindow
from harness.tools.bash import Bash
from harness.tools.call import Json
from harness.tools.computer import Computer
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size

SCREEN = Size(width=1280, height=800)
VIEW = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=SCREEN)
DONE = Line(say="done")
ORDER = (NEWEST, "computer_20251124", "computer_20250124")


@pytest.fixture
async def desktop() -> FakeDesktop:
    desktop = FakeDesktop(SCREEN, apps={"editor": lambda _: FakeWindow(title="editor")})
    await desktop.launch("editor")
    await desktop.wait_for_window("editor")
    return desktop


@pytest.fixture
def started(desktop: FakeDesktop) -> Callable[..., Loop]:
    """Makes a loop over a script."""

    def start(*lines: Line, limits: Limits | None = None, entry: Entry | None = None) -> Loop:
        transcript = Transcript()
        transcript.say({"type": "text", "text": "write a letter"})
        toolbox = Toolbox(Computer(desktop, VIEW), {"bash": Bash(desktop)})
        asking = Asking("some-model", entry or Entry(), "You work at a desktop.", SCREEN)
        return Loop(
            Scripted(lines), asking, toolbox, transcript, limits or Limits(), Spent(), Telling(lambda _: None, VIEW)
        )

    return start


def results(loop: Loop) -> list[Json]:
    """All results that went back."""
    return [
        block
        for message in loop.transcript.messages
        for block in (message["content"] if isinstance(message["content"], list) else [])
        if isinstance(block, dict) and block["type"] == "tool_result"
    ]


async def test_a_task_is_done_turn_by_turn(started: Callable[..., Loop], desktop: FakeDesktop) -> None:
    loop = started(
        Line(say="I type.", do=({"type": {"text": "Dear all"}}, {"screenshot": None})),
        Line(do=({"bash": {"command": "echo hi"}},)),
        DONE,
    )
    assert await loop.run() == Finished("done")
    assert "Dear" in [word.text for word in await desktop.read_text()]
    assert [block["tool_use_id"] for block in results(loop)] == ["toolu_1_0", "toolu_1_1", "toolu_2_0"]
    assert [message["role"] for message in loop.transcript.messages] == ["user", "assistant"] * 3


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence", "refusal", "max_tokens"])
async def test_nothing_of_a_turn_that_did_not_stop_for_tools_is_done(
    started: Callable[..., Loop], desktop: FakeDesktop, stop: str
) -> None:
    loop = started(Line(do=({"type": {"text": "Oops"}},), stop=stop), DONE)
    await loop.run()
    assert "Oops" not in [word.text for word in await desktop.read_text()]
    assert results(loop) == []


async def test_a_paused_turn_is_asked_for_again_with_what_it_said(started: Callable[..., Loop]) -> None:
    loop = started(Line(say="one moment", stop="pause_turn"), DONE)
    assert await loop.run() == Finished("done")
    assert "one moment" in str(loop.transcript.messages)


async def test_an_answer_that_is_too_long_is_asked_for_with_more_room(started: Callable[..., Loop]) -> None:
    loop = started(Line(say="blah", stop="max_tokens"), Line(say="blah", stop="max_tokens"), DONE)
    assert await loop.run() == Finished("done")
    assert isinstance(loop.model, Scripted)
    assert [request.body["max_tokens"] for request in loop.model.requests] == [16_000, 32_000, 64_000]
    assert "blah" not in str(loop.transcript.messages)


async def test_an_answer_that_never_fits_is_a_failure(started: Callable[..., Loop]) -> None:
    outcome = await started(*[Line(stop="max_tokens")] * 4).run()
    assert isinstance(outcome, Failed)
    assert "longer than the model may give" in str(outcome.error)


async def test_a_refusal_is_told_with_its_words(started: Callable[..., Loop]) -> None:
    assert await started(Line(say="I would rather not", stop="refusal")).run() == Refused(None, "I would rather not")


async def test_a_reason_that_nobody_knows_is_a_failure(started: Callable[..., Loop]) -> None:
    outcome = await started(Line(stop="bored")).run()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, BadAnswer)


async def test_limits_end_a_run(started: Callable[..., Loop]) -> None:
    outcome = await started(*[Line(do=({"cursor_position": None},))] * 9, limits=Limits(steps=2)).run()
    assert isinstance(outcome, LimitReached)
    assert outcome.limit == "steps"


async def test_a_model_that_turns_in_circles_is_told_once_and_then_stopped(started: Callable[..., Loop]) -> None:
    loop = started(*[Line(do=({"left_click": {"coordinate": [5, 5]}},))] * 9)
    assert isinstance(await loop.run(), Stuck)
    assert str(loop.transcript.messages).count(NUDGE) == 1
    assert len(results(loop)) == 6


@dataclass
class Grumpy:
    """Fails with these, then plays a script."""

    errors: list[ModelError]
    script: Scripted
    requests: list[Request] = field(default_factory=list)

    async def turn(self, request: Request) -> Turn:
        self.requests.append(request)
        if self.errors:
            raise self.errors.pop(0)
        return await self.script.turn(request)


def computers(requests: Sequence[Request]) -> list[str]:
    return [name for request in requests for name in ORDER if f"'{name}'" in str(request.body["tools"])]


async def test_a_tool_that_the_model_does_not_take_is_stepped_down_from(started: Callable[..., Loop]) -> None:
    loop = started()
    loop.model = model = Grumpy([ToolUnknown("no"), ToolUnknown("no")], Scripted([DONE]))
    assert await loop.run() == Finished("done")
    assert computers(model.requests) == list(ORDER)
    assert [request.betas for request in model.requests] == [
        (),
        ("computer-use-2025-11-24",),
        ("computer-use-2025-01-24",),
    ]


async def test_a_model_that_takes_no_computer_at_all_is_a_failure(started: Callable[..., Loop]) -> None:
    loop = started()
    loop.model = Grumpy([ToolUnknown("no")] * 3, Scripted([DONE]))
    assert isinstance(await loop.run(), Failed)


async def test_a_request_that_is_too_large_is_sent_once_more_without_old_pictures(started: Callable[..., Loop]) -> None:
    looks = [Line(do=({"screenshot": None},)), Line(do=({"type": {"text": "a"}},))] * 3
    loop = started(*looks, DONE)
    assert isinstance(loop.model, Scripted)
    loop.model = model = Late(loop.model)
    assert await loop.run() == Finished("done")
    assert loop.transcript.pictures == 3
    assert model.refused


@dataclass
class Late:
    """Refuses the first request that has more than five pictures."""

    script: Scripted
    refused: bool = False

    async def turn(self, request: Request) -> Turn:
        if not self.refused and str(request.body["messages"]).count("'image'") > 5:
            self.refused = True
            raise RequestTooLarge("too large")
        return await self.script.turn(request)


class Answer(BaseModel):
    count: int


async def test_a_form_makes_a_value_of_the_last_answer(started: Callable[..., Loop]) -> None:
    cases: list[tuple[Given, object]] = [(Answer, Answer(count=1)), ({"type": "object"}, {"count": 1})]
    for given, value in cases:
        loop = started(Line(say='{"count": 1}'))
        loop.form = form(given)
        assert await loop.run() == Finished('{"count": 1}', value)


async def test_a_result_without_its_form_is_told_to_the_model_once(started: Callable[..., Loop]) -> None:
    loop = started(Line(say="It is done."), Line(say='{"count": 1}'))
    loop.form = form(Answer)
    assert await loop.run() == Finished('{"count": 1}', Answer(count=1))
    assert "the result: Invalid JSON" in str(loop.transcript.messages[-2])
    loop = started(Line(say="It is done."), Line(do=({"bash": {"command": "true"}},)), Line(say="It is."), DONE)
    loop.form = form(Answer)
    outcome = await loop.run()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, BadAnswer)
    assert outcome.error.body == "It is."
