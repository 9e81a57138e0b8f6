"""The SDK against the strict stand-in: what is sent, what comes back, and the API's bad days."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import anthropic
import pytest

from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.outcome import Failed, Finished, LimitReached, Outcome
from harness.agent.telling import Telling
from harness.errors import BadAnswer, ModelError, NotAllowed, Rejected, Unavailable
from harness.geometry import Viewport, fit_model
from harness.model.asking import Asking
from harness.model.catalog import Entry, find, listed
from harness.model.claude import Claude
from harness.model.clients import Line
from harness.model.throttle import Throttle, Waiting
from harness.model.transcript import Transcript
from harness.testing import FakeDesktop
from harness.tools.bash import Bash
from harness.tools.computer import Computer
from harness.tools.editor import NAMES, Editor
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size
from tests.support.api import (
    Cut,
    Drip,
    EndEarly,
    ErrorEvent,
    Hold,
    Insert,
    Raw,
    Refuse,
    StandIn,
    Turn,
    by_turn,
    call,
    computer,
    member,
    ratelimit,
    say,
    stand_in,
    think,
)
from tests.support.api.playing import BadDay, Reply
from tests.support.api.reading import Request
from tests.support.moments import Moments

SCREEN = Size(width=1920, height=1080)
DONE = Turn([say("done")])


LINES: list[Line] = []


def line(url: str) -> Line:
    http = anthropic.DefaultAsyncHttpxClient(verify=False)  # without certificates, which take long to load
    LINES.append(Line(anthropic.AsyncAnthropic(base_url=url, api_key="key", max_retries=0, http_client=http)))
    return LINES[-1]


@pytest.fixture(autouse=True)
async def hung_up() -> AsyncIterator[None]:
    yield
    await hang_up()


async def hang_up() -> None:
    while LINES:
        await LINES.pop().client.close()


def loop_over(
    api: StandIn,
    model: str,
    waits: list[Waiting] | None = None,
    *,
    entry: Entry | None = None,
    throttle: Throttle | None = None,
    ceiling: float | None = None,
) -> Loop:
    desktop = FakeDesktop(SCREEN)
    entry = entry or find(model) or Entry()
    view = Viewport(region=Region(x=0, y=0, width=1920, height=1080), shown=fit_model(SCREEN, entry.limits))
    throttle = throttle or Moments().throttle()
    told = waits if waits is not None else []
    asking = Asking(model, entry, "You work at a desktop.", SCREEN)
    tools = Toolbox(Computer(desktop, view), {"bash": Bash(desktop), NAMES[entry.editor]: Editor(desktop)})
    transcript = Transcript()
    transcript.say(text("look around"))
    claude = Claude(line(api.url), throttle, waits=told.append, hears=lambda _: None, ceiling=ceiling)
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


async def outcome_of(
    *replies: Reply, model: str = "claude-opus-5", ceiling: float | None = None
) -> tuple[Outcome, list[Waiting], int]:
    waits: list[Waiting] = []
    async with playing(*replies) as api:
        outcome = await loop_over(api, model, waits, ceiling=ceiling).run()
    return outcome, waits, len(api.requests)


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (Refuse(429, "slow down", retry_after=3), "rate limit"),
        (Refuse(500, "oops"), "status 500"),
        (Refuse(502, body=b"<html><title>502 Bad Gateway</title><body>nginx</body></html>"), "status 502"),
        (Refuse(529, "busy"), "overloaded"),
        (Refuse(408, "late"), "timeout"),
        (Refuse(504, "late"), "timeout"),
        (Refuse(409, "conflict"), "status 409"),
        (Refuse(400, "try again", should_retry=True), "status 400"),
        (DONE.badly(Cut(0)), "connection"),
        (DONE.badly(Cut(600, reset=True)), "cut short"),
        (DONE.badly(EndEarly(0)), "cut short"),
        (DONE.badly(EndEarly(3)), "cut short"),
        (DONE.badly(ErrorEvent(0, "api_error")), "status 500"),
        (DONE.badly(ErrorEvent(2, "overloaded_error")), "overloaded"),
        (DONE.badly(ErrorEvent(2, "rate_limit_error")), "rate limit"),
        (DONE.badly(ErrorEvent(2, "timeout_error")), "timeout"),
        (DONE.badly(ErrorEvent(2, "brand_new_error")), "status 500"),
        (Raw(b"", "text/event-stream"), "cut short"),
        (Raw(b"", "text/plain"), "cut short"),
    ],
)
async def test_what_passes_is_asked_again_from_the_same_conversation(bad: Reply, kind: str) -> None:
    outcome, waits, asked = await outcome_of(Turn([member("screenshot")]), bad, DONE)
    assert outcome == Finished("done")
    assert asked == 3
    assert [wait.kind for wait in waits] == [kind]


TOLD = Turn([think("hm"), say("Grüße 🦀"), member("left_click", coordinate=[10, 10])])


@pytest.fixture(scope="module")
def whole() -> int:
    """Bytes of an answer on the wire."""

    lengths: list[int] = []

    async def measured() -> None:
        async def policy(_: Request) -> Reply:
            lengths.append(api.reply_bytes)
            return TOLD if len(lengths) == 1 else DONE

        async with stand_in(policy) as api:
            await loop_over(api, "claude-opus-5").run()
            await hang_up()

    asyncio.run(measured())
    return lengths[1]


@pytest.mark.parametrize("part", range(40))
async def test_a_connection_that_ends_at_any_byte_costs_a_question_and_nothing_else(part: int, whole: int) -> None:
    cut = whole * part // 40
    outcome, waits, asked = await outcome_of(TOLD.badly(Cut(cut, reset=part % 2 == 1)), TOLD, DONE)
    assert outcome == Finished("done")
    assert (len(waits), asked) == (1, 3)


async def test_pieces_of_any_size_are_put_together() -> None:
    for size in (1, 7, 100):
        outcome, waits, asked = await outcome_of(TOLD.badly(Drip(size, 0.0)), DONE)
        assert (outcome, waits, asked) == (Finished("done"), [], 2)


async def test_what_is_new_in_a_stream_is_passed_over() -> None:
    news = [
        Insert(1, "brand_new", '{"type": "brand_new"}'),
        Insert(2, "ping", '{"type": "ping"}'),
    ]
    outcome, waits, _ = await outcome_of(DONE.badly(*news), DONE)
    assert (outcome, waits) == (Finished("done"), [])


async def test_the_api_says_how_long_to_wait() -> None:
    _, waits, _ = await outcome_of(Refuse(429, "slow down", retry_after=7), DONE)
    assert waits[0].seconds == pytest.approx(7.0, rel=0.25)
    assert waits[0].seconds >= 7.0
    assert "rate limit: slow down" in waits[0].reason


@pytest.mark.parametrize("hold", [Hold(-1), Hold(0), Hold(3)])
async def test_an_answer_that_does_not_come_on_is_asked_for_again(hold: Hold) -> None:
    outcome, waits, _ = await outcome_of(DONE.badly(hold), DONE, ceiling=0.3)
    assert outcome == Finished("done")
    assert [wait.kind for wait in waits] == ["timeout"]


async def test_an_answer_that_takes_too_long_in_all_is_asked_for_again() -> None:
    outcome, waits, _ = await outcome_of(DONE.badly(Drip(1, 0.05)), DONE, ceiling=0.4)
    assert outcome == Finished("done")
    assert [wait.reason for wait in waits] == ["timeout: the answer took more than 0.4 s"]


@pytest.mark.parametrize(
    ("bad", "kind", "words"),
    [
        (Refuse(400, "max_tokens: too many"), Rejected, "max_tokens: too many"),
        (Refuse(400, "tools.3.custom.input_schema: not an object"), Rejected, "tools.3.custom"),
        (Refuse(401, "invalid key"), NotAllowed, "ANTHROPIC_API_KEY"),
        (Refuse(402, "pay"), NotAllowed, "spending limit"),
        (Refuse(403, "no"), NotAllowed, "may not use this"),
        (Refuse(404, "no such model"), Rejected, "no such model; see to --model; those"),
        (Refuse(500, "never", should_retry=False), Unavailable, "never"),
        (DONE.badly(Insert(1, "message_delta", "[1]")), BadAnswer, "documented"),
        (DONE.badly(Insert(1, "content_block_delta", '{"type": "content_block_delta"}')), BadAnswer, "documented"),
        (DONE.badly(Insert(1, "content_block_delta", "{")), BadAnswer, "no JSON: {"),
        (DONE.badly(Insert(1, "message_delta", "[" * 9000)), BadAnswer, "nests too deeply"),
        (DONE.badly(ErrorEvent(1, "invalid_request_error", "bad")), Rejected, "400 invalid_request_error.*bad"),
        (DONE.badly(ErrorEvent(1, "authentication_error", "bad")), NotAllowed, "ANTHROPIC_API_KEY"),
        (Raw(b"it works!", "application/json"), BadAnswer, "application/json; see to api.base_url.*it works!"),
        (Raw(b"<title>Log in</title>", "text/html; charset=utf-8"), BadAnswer, "text/html.*Log in"),
    ],
)
async def test_what_does_not_pass_is_a_named_failure(bad: Reply, kind: type[ModelError], words: str) -> None:
    outcome, _, asked = await outcome_of(bad, DONE)
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, kind)
    assert re.search(words, str(outcome.error))
    assert asked == 1


@pytest.mark.parametrize("bad", [Refuse(413, "too large"), Refuse(400, "prompt is too long: 9 tokens > 8 maximum")])
async def test_what_is_larger_than_the_api_takes_and_cannot_be_made_smaller_is_a_limit(bad: Reply) -> None:
    outcome, _, asked = await outcome_of(bad, DONE)
    assert isinstance(outcome, LimitReached)
    assert outcome.limit == "window"
    assert asked == 1


async def storm(count: int, bad: Mapping[int, BadDay]) -> tuple[list[Outcome], list[Waiting]]:
    """So many runs at once, and what happens to which request."""
    waits: list[Waiting] = []
    # A hundred times as fast, so that those who wait do not outrun those whose question is on its way.
    throttle = Throttle(clock=lambda: time.monotonic() * 100, sleep=lambda seconds: asyncio.sleep(seconds / 100))
    turns = [Turn([member("screenshot")]), Turn([member("left_click", coordinate=[5, 5])]), DONE]
    async with stand_in(by_turn(turns), bad_days=bad) as api:
        runs = [loop_over(api, "claude-opus-5", waits, throttle=throttle).run() for _ in range(count)]
        return await asyncio.gather(*runs), waits


MIXED: list[BadDay] = [Refuse(429, "slow"), Refuse(500, "oops"), Cut(50), ErrorEvent(1), Cut(400, reset=True)]


@pytest.mark.parametrize(
    "days", [MIXED, [Refuse(429, "slow", retry_after=1)], [Refuse(500, "oops")], [Refuse(529, "busy")]]
)
async def test_many_runs_come_through_a_storm(days: list[BadDay]) -> None:
    outcomes, waits = await storm(12, {at: days[at % len(days)] for at in range(14)})
    assert outcomes == [Finished("done")] * 12
    assert len(waits) >= 12


async def test_limits_in_the_headers_of_a_stream_and_of_a_refusal_are_heeded() -> None:
    for first in (
        Turn([member("screenshot")], headers=ratelimit("requests", limit=60, remaining=0)),
        Refuse(500, "oops", headers=ratelimit("requests", limit=60, remaining=0)),
    ):
        outcome, waits, _ = await outcome_of(first, DONE)
        assert outcome == Finished("done")
        assert "rate limit: too few requests left" in [wait.reason for wait in waits]


async def test_a_request_that_is_too_large_for_what_is_left_waits_before_it_is_sent() -> None:
    looking = Turn([member("screenshot")], headers=ratelimit("input-tokens", limit=30_000, remaining=2000))
    outcome, waits, asked = await outcome_of(looking, DONE)
    assert (outcome, asked) == (Finished("done"), 2)
    assert [wait.kind for wait in waits] == ["rate limit"]


async def test_input_is_counted_as_the_api_counts_it() -> None:
    async with playing(DONE) as api:
        loop = loop_over(api, "claude-opus-5-5")
        assert isinstance(loop.model, Claude)
        counted = await loop.model.count(loop.asking.request(loop.transcript))
        await loop.run()
        assert counted == api.usage[0].total_input
        async with api.away():
            assert await loop.model.count(loop.asking.request(loop.transcript)) is None
    assert api.violations == []


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
