"""The SDK against the strict stand-in: what is sent, what comes back, and the API's bad days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anthropic
import pytest

from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Failed, Finished, Outcome
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, NotAllowed, Rejected, Unavailable
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.catalog import Entry, find, listed
from harness.model.claude import Claude
from harness.model.throttle import Throttle, Waiting
from harness.model.transcript import Transcript
from harness.model.turn import Counts, Request
from harness.testing import FakeDesktop
from harness.tools.bash import Bash
from harness.tools.computer import Computer
from harness.tools.editor import NAMES, Editor
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size
from tests.support.api import (
    Cut,
    EndEarly,
    ErrorEvent,
    Insert,
    Refuse,
    StandIn,
    Turn,
    call,
    computer,
    member,
    say,
    stand_in,
    think,
)
from tests.support.api.playing import Reply

SCREEN = Size(width=1920, height=1080)
DONE = Turn([say("done")])


async def nothing(_: float) -> None:
    """Waits are told, not waited."""


def loop_over(api: StandIn, model: str, waits: list[Waiting] | None = None, entry: Entry | None = None) -> Loop:
    desktop = FakeDesktop(SCREEN)
    entry = entry or find(model) or Entry()
    view = Viewport(region=Region(x=0, y=0, width=1920, height=1080), shown=fit_model(SCREEN, entry.limits))
    client = anthropic.AsyncAnthropic(base_url=api.url, api_key="key", max_retries=0)
    throttle = Throttle(sleep=nothing)
    told = waits if waits is not None else []
    asking = Asking(model, entry, "You work at a desktop.", SCREEN)
    tools = Toolbox(Computer(desktop, view), {"bash": Bash(desktop), NAMES[entry.editor]: Editor(desktop)})
    transcript = Transcript()
    transcript.say(text("look around"))
    claude = Claude(client, throttle, waits=told.append, hears=lambda _: None)
    return Loop(claude, asking, tools, transcript, Limits(), Spent(entry.price), Telling(lambda _: None, view))


@asynccontextmanager
async def playing(*replies: Reply) -> AsyncIterator[StandIn]:
    async with stand_in(list(replies)) as api:
        yield api


def act(newest: bool, action: str, **given: object) -> dict[str, object]:  # noqa: FBT001 - which form of the tool
    return member(action, **given) if newest else computer(action, **given)


@pytest.mark.parametrize("model", sorted(listed()))
async def test_a_conversation_breaks_no_rule_with_any_model(model: str) -> None:
    entry = find(model)
    assert entry is not None
    newest = entry.computer[0].startswith("computer_toolset")
    zoom = [act(newest, "zoom", region=[0, 0, 50, 50])] if "20250124" not in entry.computer[0] else []
    replies = [
        Turn([think("hm"), say("I look."), act(newest, "screenshot")]),
        Turn([act(newest, "left_click", coordinate=[10, 10]), *(zoom if newest else [])]),
        Turn([call("bash", command="echo hi"), act(newest, "key", text="ctrl+s")]),
        Turn([act(newest, "left_click", coordinate=[99_999, 1]), *([member("screenshot")] if newest else [])]),
        Turn([act(newest, "screenshot")]),
        DONE,
    ]
    async with playing(*replies) as api:
        outcome = await loop_over(api, model).run()
    assert api.violations == []
    assert outcome == Finished("done")
    assert len(api.requests) == len(replies)


async def test_a_long_run_reads_its_past_from_the_cache() -> None:
    turns = [Turn([say(f"look {index}"), member("screenshot")]) for index in range(12)]
    async with playing(*turns, DONE) as api:
        loop = loop_over(api, "claude-opus-5")
        await loop.run()
    assert api.violations == []
    last = loop.spent.usage
    assert last.cache_read > 5 * (last.input + 1)


async def outcome_of(*replies: Reply, model: str = "claude-opus-5") -> tuple[Outcome, list[Waiting], int]:
    waits: list[Waiting] = []
    async with playing(*replies) as api:
        outcome = await loop_over(api, model, waits).run()
    return outcome, waits, len(api.requests)


@pytest.mark.parametrize(
    "bad",
    [
        Refuse(429, "slow down", retry_after=3),
        Refuse(500, "oops"),
        Refuse(529, "busy"),
        Refuse(408, "late"),
        Refuse(409, "conflict"),
        DONE.badly(Cut(0)),
        DONE.badly(Cut(300)),
        DONE.badly(Cut(600, reset=True)),
        DONE.badly(EndEarly(1)),
        DONE.badly(EndEarly(3)),
        DONE.badly(ErrorEvent(2, "overloaded_error")),
    ],
)
async def test_what_passes_is_asked_again_from_the_same_conversation(bad: Reply) -> None:
    outcome, waits, asked = await outcome_of(Turn([member("screenshot")]), bad, DONE)
    assert outcome == Finished("done")
    assert asked == 3
    assert len(waits) == 1


async def test_the_api_says_how_long_to_wait() -> None:
    _, waits, _ = await outcome_of(Refuse(429, "slow down", retry_after=7), DONE)
    assert [wait.seconds for wait in waits] == [7.0]
    assert "rate limit: slow down" in waits[0].reason


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        (Refuse(400, "max_tokens: too many"), Rejected, "max_tokens: too many"),
        (Refuse(401, "invalid key"), NotAllowed, "ANTHROPIC_API_KEY"),
        (Refuse(403, "no"), NotAllowed, "may not use this"),
        (Refuse(404, "no such model"), Rejected, "no such model"),
        (Refuse(500, "never", should_retry=False), Unavailable, "never"),
        (DONE.badly(Insert(1, "content_block_delta", '{"type": "content_block_delta"}')), BadAnswer, "documented"),
    ],
)
async def test_what_does_not_pass_is_a_named_failure(bad: Reply, kind: type[ModelError], words: str) -> None:
    outcome, _, asked = await outcome_of(bad, DONE)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, kind)
    assert words in str(outcome.error)
    assert asked == 1


async def test_nobody_there_is_told_and_asked_for_again() -> None:
    waits: list[Waiting] = []
    async with playing(DONE) as api:
        async with api.away():
            outcome = await loop_over(api, "claude-opus-5", waits).run()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, Unavailable)
        assert len(waits) == 7


async def test_an_unknown_model_is_stepped_down_until_it_takes_the_tool() -> None:
    replies: Sequence[Reply] = [Turn([computer("screenshot")]), DONE]
    async with stand_in(list(replies)) as api:
        outcome = await loop_over(api, "claude-opus-4-6", entry=Entry()).run()
    assert outcome == Finished("done")
    assert [violation for violation in api.violations if "tool" not in str(violation)] == []


async def test_a_request_is_counted_before_it_is_asked() -> None:
    async with playing(DONE) as api:
        loop = loop_over(api, "claude-sonnet-5-5")
        assert isinstance(loop.model, Counts)
        counted = await loop.model.count(loop.asking.request(loop.transcript))
        await loop.run()
    assert api.violations == []
    assert counted == api.usage[0].total_input


async def test_a_provider_that_does_not_count_says_nothing() -> None:
    client = anthropic.AsyncAnthropicBedrock(aws_region="us-east-1", aws_access_key="a", aws_secret_key="b")  # noqa: S106
    claude = Claude(client, Throttle(), waits=lambda _: None, hears=lambda _: None)
    assert await claude.count(Request({"model": "claude-opus-5", "messages": []})) is None
