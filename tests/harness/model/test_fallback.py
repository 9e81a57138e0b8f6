"""Another model in place of an overloaded one: what it is asked, and that no rule of the API is broken by it."""

from __future__ import annotations

from dataclasses import dataclass, field

import anthropic
import pytest
from pydantic import JsonValue

from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Finished, Outcome
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, Rejected, Unavailable
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.breaker import LONGEST_PAUSE_S
from harness.model.catalog import NEWEST, Entry, find
from harness.model.claude import Claude
from harness.model.clients import Line
from harness.model.fallback import Lines, WithFallback, for_model, why_not, without_thinking
from harness.model.throttle import OVERLOADED, Waiting
from harness.model.transcript import Transcript
from harness.model.turn import Request, Turn, Usage
from harness.testing import FakeDesktop
from harness.tools.computer import Computer
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size
from tests.support import api as stand
from tests.support.api import caching
from tests.support.api.playing import Reply
from tests.support.moments import Moments

SCREEN = Size(width=1280, height=800)


def known(name: str) -> Entry:
    entry = find(name)
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("first", "other", "words"),
    [
        ("claude-opus-5-5", "claude-sonnet-5-5", None),
        ("claude-sonnet-5-5", "claude-haiku-5-5", None),
        ("claude-opus-5-5", "claude-opus-4-6", "computer_toolset_20260801"),
        ("claude-opus-4-7", "claude-opus-4-6", "pictures as large"),
        ("claude-opus-4-5", "claude-opus-5", "computer tool"),
        ("claude-opus-4-6", "claude-opus-4-5", "cannot be kept"),
    ],
)
def test_a_model_takes_over_where_the_conversation_fits_it(first: str, other: str, words: str | None) -> None:
    other_entry = known(other)
    if words == "computer tool":
        other_entry = other_entry.model_copy(update={"computer": ("computer_toolset_20260801",)})
    if words == "cannot be kept":
        other_entry = other_entry.model_copy(update={"thinking": ("enabled",)})
    why = why_not(known(first), other_entry)
    assert (why is None) if words is None else (words in str(why))


def asked(**body: JsonValue) -> Request:
    tools: JsonValue = [{"type": "computer_20251124"}, {"type": "text_editor_20250728"}]
    told: dict[str, JsonValue] = {"model": "first", "max_tokens": 100_000, "tools": tools, "messages": []}
    return Request({**told, "thinking": {"type": "adaptive"}, **body}, ("some-beta",))


def test_the_question_becomes_one_for_the_other_model() -> None:
    entry = Entry(computer=("computer_20251124",), output=64_000, efforts=("low", "medium", "high"))
    adapted = for_model(asked(output_config={"effort": "max", "format": 1}), "other", entry)
    assert adapted is not None
    assert adapted.betas == ("some-beta",)
    assert adapted.body["model"] == "other"
    assert adapted.body["max_tokens"] == 64_000
    assert adapted.body["thinking"] == {"type": "adaptive"}
    assert adapted.body["output_config"] == {"effort": "high", "format": 1}


@pytest.mark.parametrize(
    ("efforts", "effort", "told"),
    [((), "max", None), (("high", "max"), "low", {"effort": "high"}), (("low", "max"), "high", {"effort": "low"})],
)
def test_the_effort_is_one_that_the_other_model_takes(
    efforts: tuple[str, ...], effort: str, told: dict[str, str] | None
) -> None:
    entry = Entry.model_validate({"efforts": efforts})
    adapted = for_model(asked(output_config={"effort": effort}), "other", entry)
    assert adapted is not None
    assert adapted.body.get("output_config") == told


def test_thinking_that_the_other_model_has_no_form_for_is_turned_off() -> None:
    adapted = for_model(asked(thinking={"type": "enabled", "budget_tokens": 1}), "other", Entry(thinking=("enabled",)))
    assert adapted is not None
    assert adapted.body["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize("entry", [Entry(computer=("computer_20250124",)), Entry(editor="text_editor_20250124")])
def test_where_the_tools_do_not_fit_nothing_is_asked(entry: Entry) -> None:
    assert for_model(asked(), "other", entry) is None


def test_thinking_is_left_out_from_the_beginning_and_what_has_nothing_else_stays() -> None:
    thought: JsonValue = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    said: JsonValue = {"type": "text", "text": "hi"}
    messages: list[JsonValue] = [
        {"role": "user", "content": [said]},
        {"role": "assistant", "content": [thought, said]},
        {"role": "assistant", "content": [thought]},
        {"role": "assistant", "content": [thought, said]},
    ]
    bare = without_thinking(asked(messages=messages), 3).body["messages"]
    assert bare == [messages[0], {"role": "assistant", "content": [said]}, messages[2], messages[3]]


# --- whole conversations -----------------------------------------------------------------------------------------


@dataclass
class Bad:
    """A policy: the first model is overloaded at some turns, and each says who it is."""

    first: str
    turns: int
    overloaded: frozenset[int]
    answered: list[str] = field(default_factory=list)
    moments: Moments = field(default_factory=Moments)

    async def __call__(self, request: stand.Request) -> Reply:
        turn = sum(message["role"] == "assistant" for message in request.turns)
        if request.asked.model == self.first and turn in self.overloaded:
            return stand.Refuse(529, "busy")
        self.answered.append(request.asked.model)
        self.moments.passed += LONGEST_PAUSE_S
        if turn == self.turns:
            return stand.Turn([stand.say("done")])
        acts = stand.member if known(self.first).computer[0] == NEWEST else stand.computer
        thinks = [] if request.body["thinking"]["type"] == "disabled" else [stand.think("hm")]
        return stand.Turn([*thinks, stand.say(f"turn {turn}"), acts("left_click", coordinate=[turn + 5, 5])])


async def run(bad: Bad, other: str) -> tuple[Outcome, list[Waiting], stand.StandIn, Spent]:
    waits: list[Waiting] = []
    first, entry, desktop = bad.first, known(bad.first), FakeDesktop(SCREEN)
    view = Viewport(region=Region(x=0, y=0, width=1280, height=800), shown=fit_model(SCREEN, entry.limits))
    async with (
        stand.stand_in(bad) as api,
        anthropic.AsyncAnthropic(base_url=api.url, api_key="key", max_retries=0) as client,
    ):
        claudes = [
            Claude(Line(client), bad.moments.throttle(), waits=waits.append, hears=lambda _: None) for _ in range(2)
        ]
        lines = Lines(claudes[0], claudes[1])
        model = WithFallback(lines, lines, other, known(other), waits.append)
        transcript = Transcript()
        transcript.say(text("look around"))
        asking = Asking(first, entry, "You work at a desktop.", SCREEN)
        tools = Toolbox(Computer(desktop, view), {})
        loop = Loop(model, asking, tools, transcript, Limits(), Spent(entry.price), Telling(lambda _: None, view))
        outcome = await loop.run()
    return outcome, waits, api, loop.spent


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ("claude-opus-5-5", "claude-sonnet-5-5"),
        ("claude-fable-5-2", "claude-opus-5-5"),
        ("claude-haiku-5-5", "claude-opus-5"),
        ("claude-haiku-4-5", "claude-sonnet-4-5"),
        ("claude-opus-4-5", "claude-opus-4-7"),
    ],
)
async def test_a_conversation_goes_to_the_other_model_and_comes_back_and_breaks_no_rule(first: str, other: str) -> None:
    bad = Bad(first, 6, frozenset({2, 3}))
    outcome, waits, api, spent = await run(bad, other)
    assert [str(violation) for violation in api.violations] == []
    assert outcome == Finished("done")
    assert bad.answered == [first, first, other, other, first, first, first]
    prices = [known(model).price for model in bad.answered]
    costs = [_usage(told).cost(price) for told, price in zip(api.usage, prices, strict=True)]
    assert spent.cost == (None if None in costs else pytest.approx(sum(cost or 0.0 for cost in costs)))
    assert f"overloaded: {other} is asked in its place" in [wait.reason for wait in waits]


def _usage(told: caching.Usage) -> Usage:
    return Usage(told.input, told.read, told.written_5m, told.written_1h, told.output)


async def test_a_question_is_counted_by_the_first_model() -> None:
    first, other = Played(), Played()
    assert await both(first, other, []).count(asked()) == len(str(asked().body))


async def test_while_both_are_overloaded_the_first_is_waited_for() -> None:
    first, other = Played(overload(), ANSWER), Played(overload())
    told: list[Waiting] = []
    model = both(first, other, told)
    assert await model.turn(asked()) == ANSWER
    assert first.patience == [False, True]
    assert other.patience == [False]


async def test_an_other_model_that_refuses_is_not_asked_again() -> None:
    first, other = Played(overload(), ANSWER, ANSWER), Played(Rejected("no such model"))
    told: list[Waiting] = []
    model = both(first, other, told)
    assert await model.turn(asked()) == ANSWER
    assert await model.turn(asked()) == ANSWER
    assert first.patience == [False, True, True]
    assert told[-1].reason == "other cannot take over: no such model"


@pytest.mark.parametrize("error", [Unavailable("timeout", "late"), BadAnswer("what", "body"), Rejected("no")])
async def test_other_failures_are_no_reason_to_ask_another(error: ModelError) -> None:
    other = Played()
    with pytest.raises(type(error)):
        await both(Played(error), other, []).turn(asked())
    assert other.patience == []


ANSWER = Turn({"content": []})


def both(first: Played, other: Played, told: list[Waiting]) -> WithFallback:
    lines = Lines(first, other)
    return WithFallback(lines, lines, "other", Entry(), told.append)


def overload() -> Unavailable:
    return Unavailable(OVERLOADED, "busy", again=False)


class Played:
    """Answers, or raises, one after another."""

    def __init__(self, *answers: Turn | ModelError) -> None:
        self._answers = list(answers)
        self.patience: list[bool] = []

    async def turn(self, request: Request, *, patient: bool = True) -> Turn:
        assert request.body["messages"] == []
        self.patience.append(patient)
        answer = self._answers.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        return answer

    async def count(self, request: Request) -> int | None:
        return len(str(request.body))
