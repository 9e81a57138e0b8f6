from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from harness.agent.form import Given, form
from harness.agent.limits import Limits, Spent
from harness.agent.loop import SILENT, Loop
from harness.agent.outcome import Failed, Finished, LimitReached, Refused, Stuck
from harness.agent.stuck import NUDGE
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, PictureTooLarge, RequestTooLarge, ToolUnknown
from harness.events import Answered
from harness.geometry import Viewport
from harness.model.asking import Asking
from harness.model.catalog import NEWEST, Entry
from harness.model.scripted import Line, ScriptedModel
from harness.model.transcript import NOT_DONE, Transcript
from harness.model.turn import Request, Turn
from harness.testing import FakeDesktop, FakeWindow
from harness.tools.bash import Bash
from harness.tools.call import Json
from harness.tools.computer import Computer
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, ScreenPoint, Size
from tests.support.api import Refuse, call, computer, member, say, stand_in, think
from tests.support.api import Turn as Said
from tests.support.looping import loop_over, run_over

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
            ScriptedModel(lines),
            asking,
            toolbox,
            transcript,
            limits or Limits(),
            Spent(),
            Telling(lambda _: None, VIEW),
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
    assert all(NOT_DONE in str(result) for result in results(loop))


async def test_a_paused_turn_is_asked_for_again_with_what_it_said(started: Callable[..., Loop]) -> None:
    loop = started(Line(say="one moment", stop="pause_turn"), DONE)
    assert await loop.run() == Finished("done")
    assert "one moment" in str(loop.transcript.messages)


async def test_an_answer_that_is_too_long_is_asked_for_with_more_room(started: Callable[..., Loop]) -> None:
    loop = started(Line(say="blah", stop="max_tokens"), Line(say="blah", stop="max_tokens"), DONE)
    assert await loop.run() == Finished("done")
    assert isinstance(loop.model, ScriptedModel)
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
    script: ScriptedModel
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
    loop.model = model = Grumpy([ToolUnknown("no"), ToolUnknown("no")], ScriptedModel([DONE]))
    assert await loop.run() == Finished("done")
    assert computers(model.requests) == list(ORDER)
    assert [request.betas for request in model.requests] == [
        (),
        ("computer-use-2025-11-24",),
        ("computer-use-2025-01-24",),
    ]


async def test_a_model_that_takes_no_computer_at_all_is_a_failure(started: Callable[..., Loop]) -> None:
    loop = started()
    loop.model = Grumpy([ToolUnknown("no")] * 3, ScriptedModel([DONE]))
    assert isinstance(await loop.run(), Failed)


async def test_a_request_that_is_too_large_is_sent_once_more_without_old_pictures(started: Callable[..., Loop]) -> None:
    looks = [Line(do=({"screenshot": None},)), Line(do=({"type": {"text": "a"}},))] * 3
    loop = started(*looks, DONE)
    assert isinstance(loop.model, ScriptedModel)
    loop.model = model = Late(loop.model)
    assert await loop.run() == Finished("done")
    assert loop.transcript.pictures == 3
    assert model.refused


@dataclass
class Late:
    """Refuses the first request that has more than five pictures."""

    script: ScriptedModel
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


async def test_one_that_ends_without_a_word_is_asked_once_whether_it_is_done(started: Callable[..., Loop]) -> None:
    loop = started(Line(do=({"screenshot": None},)), Line(stop="end_turn"), Line(stop="end_turn"))
    assert await loop.run() == Finished("")
    assert str(loop.transcript.messages).count(SILENT) == 1
    assert [message["role"] for message in loop.transcript.messages] == ["user", "assistant", "user"]


async def test_calls_of_a_turn_that_is_over_are_answered_when_it_goes_on(started: Callable[..., Loop]) -> None:
    loop = started(Line(do=({"type": {"text": "Oops"}}, {"key": {"text": "a"}}), stop="end_turn"), DONE)
    assert await loop.run() == Finished("done")
    assert [block["tool_use_id"] for block in results(loop)] == ["toolu_1_0", "toolu_1_1"]
    assert all(block["is_error"] for block in results(loop))


async def test_a_turn_that_stops_for_tools_and_calls_none_is_a_failure(started: Callable[..., Loop]) -> None:
    outcome = await started(Line(say="hm", stop="tool_use")).run()
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, BadAnswer)


@pytest.mark.parametrize("stop", ["pause_turn", "compaction"])
async def test_an_empty_turn_that_goes_on_does_not_go_back(started: Callable[..., Loop], stop: str) -> None:
    loop = started(Line(stop=stop), DONE)
    assert await loop.run() == Finished("done")
    assert [message["role"] for message in loop.transcript.messages] == ["user", "assistant"]


async def test_a_window_that_is_exceeded_is_mended_as_long_as_something_old_can_go(
    started: Callable[..., Loop],
) -> None:
    looks = [Line(do=({"screenshot": None}, {"mouse_move": {"coordinate": [turn, 1]}})) for turn in range(5)]
    full = Line(say="and then", stop="model_context_window_exceeded")
    loop = started(*looks, full, DONE)
    assert await loop.run() == Finished("done")
    assert loop.transcript.pictures == 3
    assert "and then" not in str(loop.transcript.messages)
    outcome = await started(full).run()
    assert outcome == LimitReached("window", "the conversation is longer than the model can read")


async def test_a_nudge_comes_after_the_results(started: Callable[..., Loop]) -> None:
    loop = started(*[Line(do=({"left_click": {"coordinate": [5, 5]}},))] * 3, DONE)
    await loop.run()
    last = loop.transcript.messages[-2]["content"]
    assert isinstance(last, list)
    assert [str(block["type"]) for block in last if isinstance(block, dict)] == ["tool_result", "text"]


async def test_waiting_long_is_not_being_stuck(started: Callable[..., Loop]) -> None:
    waits = [Line(do=({"wait": {"duration": 0}}, {"screenshot": None}))] * 15
    assert await started(*waits, DONE).run() == Finished("done")


TOO_LARGE = {"error_code": "image_dimensions_too_large", "max_side_length_pixels": 1000, "paths": ["messages.2"]}


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-5", "claude-opus-4-6", "claude-haiku-4-5"])
async def test_pictures_that_are_too_large_are_made_smaller_and_so_are_those_to_come(model: str) -> None:
    newest = model in {"claude-sonnet-5-5", "claude-opus-5"}
    look = member("screenshot") if newest else computer("screenshot")
    click = (member if newest else computer)("left_click", coordinate=[999, 600])
    bad = {2: Refuse(400, "image is too large", details=TOO_LARGE)}
    turns = [Said([say("I look."), look]), Said([say("Again."), look]), Said([click]), Said([look])]
    desktop = FakeDesktop(SCREEN)
    async with stand_in([*turns, Said([say("done")])], bad_days=bad) as api, loop_over(api, model, desktop) as loop:
        assert await loop.run() == Finished("done")
    assert api.violations == []
    assert {picture.size for picture in api.requests[-1].pictures} == {(1000, 625)}
    assert (await desktop.pointer()).at == ScreenPoint(x=1279, y=768)
    assert str(loop.transcript.messages).count("have 1000x625 pixels") == 1


async def test_pictures_that_cannot_be_made_small_enough_are_a_failure() -> None:
    details = {**TOO_LARGE, "max_side_length_pixels": 5000}
    async with stand_in([Refuse(400, "image is too large", details=details)]) as api:
        outcome = await run_over(api, "claude-opus-5")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, PictureTooLarge)


@pytest.mark.parametrize("stop", ["tool_use", "refusal", "max_tokens"])
@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-4-5"])
async def test_a_run_is_resumed_from_its_last_request_and_answer(model: str, stop: str) -> None:
    acts = member if model == "claude-sonnet-5-5" else computer
    turns = [
        Said([say("I look."), acts("screenshot")]),
        Said([say("I click."), acts("left_click", coordinate=[5, 5]), call("bash", command="ls")], stop_reason=stop),
        Said([say("done")]),
        Said([say("done")]),
    ]
    async with stand_in(turns) as api, loop_over(api, model) as loop, loop_over(api, model) as again:
        loop.limits = Limits(steps=2)
        await loop.run()
        answer: Json = {"content": list(api.memory.said[1].content), "stop_reason": stop}
        again.transcript = Transcript.resumed(api.requests[1].body, answer)
        assert await again.run() == Finished("done")
    assert api.violations == []


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-4-5"])
@pytest.mark.parametrize(
    "odd",
    [
        Said([say("one moment")], stop_reason="pause_turn"),
        Said([say("one moment")], stop_reason="compaction"),
        Said([], stop_reason="pause_turn"),
        Said([say("blah")], stop_reason="max_tokens"),
        Said([], stop_reason="end_turn"),
        Said([think("hm")], stop_reason="end_turn"),
        Said([call("bash", command="rm -r /")], stop_reason="end_turn"),
    ],
)
async def test_a_conversation_goes_on_after_every_odd_end(model: str, odd: Said) -> None:
    look = (member if model == "claude-sonnet-5-5" else computer)("screenshot")
    async with stand_in([Said([look]), odd, Said([look]), Said([say("done")])]) as api:
        assert await run_over(api, model) == Finished("done")
    assert api.violations == []


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-4-5"])
async def test_a_conversation_can_go_on_after_it_was_cancelled_in_the_middle_of_a_turn(model: str) -> None:
    acts = member if model == "claude-sonnet-5-5" else computer
    calls = [acts("cursor_position"), acts("wait", duration=300), acts("screenshot"), call("bash", command="ls")]
    async with stand_in([Said(calls), Said([say("done")])]) as api, loop_over(api, model) as loop:
        begun = asyncio.Event()
        loop.telling = Telling(lambda event: begun.set() if isinstance(event, Answered) else None, VIEW)
        work = asyncio.create_task(loop.run())
        await begun.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert await loop.run() == Finished("done")
    assert api.violations == []
