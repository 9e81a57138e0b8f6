from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import get_args

import pytest

from harness.agent.outcome import Finished, LimitReached
from harness.model.asking import Asking
from harness.model.catalog import Entry, Price, Provider, find
from harness.model.thrift import KEPT, MANY, Thrift
from harness.model.transcript import GONE, Transcript
from harness.model.turn import Request, Turn
from harness.testing import FakeDesktop
from harness.tools.call import Json
from sandbox_image.wire import Size
from tests.support.api import MODELS, Refuse, Reply, StandIn, by_turn, call, computer, member, say, stand_in
from tests.support.api import Request as Received
from tests.support.api import Turn as Said
from tests.support.looping import loop_over, run_over

SCREEN = Size(width=1280, height=800)
BOUND, FREE, OLD = "claude-sonnet-5-5", "claude-opus-5", "claude-haiku-4-5"


# --- the sums ----------------------------------------------------------------------------------------------------


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Counter:
    """Says how long a request is, and that it was asked."""

    tokens: int | None = None
    asked: int = 0

    async def turn(self, request: Request) -> Turn:
        raise NotImplementedError(request)

    async def count(self, request: Request) -> int | None:
        assert request.body["messages"]
        self.asked += 1
        return self.tokens


def asking(model: str = FREE, **changes: object) -> Asking:
    entry = (find(model) or Entry()).model_copy(update=changes)
    return Asking(model, entry, "You work at a desktop.", SCREEN)


def step(transcript: Transcript, words: int = 300, data: str = "iVBORw0K") -> None:
    number = f"c{len(transcript.messages)}"
    used: Json = {"type": "tool_use", "id": number, "name": "left_click", "toolset_name": "computer", "input": {}}
    image: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    told: Json = {"type": "text", "text": "x" * words}
    transcript.answered(Turn({"content": [used]}))
    transcript.say({"type": "tool_result", "tool_use_id": number, "content": [told, image]})


async def batches(question: Asking, steps: int, thrift: Thrift | None = None, seconds: float = 10) -> list[int]:
    """How many pictures a run still shows after each of its requests; time goes by as told."""
    clock = Clock()
    thrift, transcript, shown = thrift or Thrift(clock=clock), Transcript(), []
    transcript.say({"type": "text", "text": "do it"})
    for _ in range(steps):
        await thrift.request(Counter(), question, transcript)
        shown.append(transcript.pictures)
        step(transcript)
        clock.now += seconds
    return shown


def sizes(shown: Sequence[int]) -> list[int]:
    """Of the batches that left."""
    return [before + 1 - after for before, after in pairwise(shown) if after <= before]


@pytest.mark.parametrize("model", [FREE, BOUND])
async def test_pictures_leave_in_batches_and_the_newest_stay(model: str) -> None:
    shown = await batches(asking(model), 60)
    assert min(shown[20:]) == KEPT
    assert all(size > KEPT for size in sizes(shown))
    assert len(sizes(shown)) < 8


async def test_batches_are_larger_where_reading_is_cheaper() -> None:
    tenth, twentieth, fortieth = [
        sizes(await batches(asking(price=Price(input=1, output=5, cache_read=share)), 120))[-1]
        for share in (0.1, 0.05, 0.025)
    ]
    assert tenth < twentieth < fortieth


async def test_pictures_leave_once_reading_them_has_cost_what_writing_will() -> None:
    thrift, transcript, question = Thrift(clock=Clock()), Transcript(), asking()
    transcript.say({"type": "text", "text": "do it"})
    rent = 0.0
    for _ in range(40):
        before = transcript.pictures
        await thrift.request(Counter(), question, transcript)
        old = max(0, before - KEPT)
        rent, paid = rent + 0.1 * old * 1334, rent
        if transcript.pictures < before:
            anew = 1.15 * (before * 100 + KEPT * 1334)
            assert paid < anew < rent * 1.1
            return
        step(transcript)
    pytest.fail("no picture left")


async def test_after_a_pause_that_ended_the_cache_pictures_leave_for_nothing() -> None:
    assert max(await batches(asking(), 20, seconds=4000)) == KEPT


async def test_a_picture_leaves_before_it_makes_a_whole_request_dearer() -> None:
    above = Price.model_validate({"input": 1, "output": 5, "above": {"tokens": 14_000, "input": 5, "output": 25}})
    assert max(await batches(asking(price=above), 12)) < max(await batches(asking(), 12))


@pytest.mark.parametrize(("pauses", "long"), [(0, False), (1, False), (4, True)])
async def test_marks_are_for_an_hour_once_pauses_have_cost_more_than_that(pauses: int, long: bool) -> None:  # noqa: FBT001
    clock, transcript, question = Clock(), Transcript(), asking()
    thrift = Thrift(clock=clock)
    transcript.say({"type": "text", "text": "do it"})
    for number in range(20):
        await thrift.request(Counter(), question, transcript)
        new = {"cache_creation_input_tokens": 1500 if number else 20_000}
        told: Json = {**new, "cache_read_input_tokens": 20_000 if number else 0}
        thrift.heard(Turn({"usage": told}), question, transcript)
        step(transcript)
        clock.now += 400 if number < pauses else 10
    request = await thrift.request(Counter(), question, transcript)
    assert ("'ttl': '1h'" in str(request.body)) is long


async def test_pauses_longer_than_an_hour_are_no_reason_for_marks_of_an_hour() -> None:
    clock, transcript, question = Clock(), Transcript(), asking()
    thrift = Thrift(clock=clock)
    transcript.say({"type": "text", "text": "do it"})
    for _ in range(5):
        assert "ttl" not in str((await thrift.request(Counter(), question, transcript)).body)
        clock.now += 4000


# --- limits ------------------------------------------------------------------------------------------------------


def long_conversation(steps: int, words: int = 300, data: str = "iVBORw0K") -> Transcript:
    transcript = Transcript()
    transcript.say({"type": "text", "text": "do it"})
    for _ in range(steps):
        step(transcript, words, data)
    return transcript


@pytest.mark.parametrize(("window", "most"), [(200_000, 100), (1_000_000, MANY)])
async def test_there_are_never_more_pictures_than_the_api_takes(window: int, most: int) -> None:
    transcript = long_conversation(most + 1)
    await Thrift().request(Counter(), asking(BOUND, window=window), transcript)
    assert transcript.images == KEPT


@pytest.mark.parametrize(("provider", "fits"), [("anthropic", True), ("bedrock", False)])
async def test_a_body_is_never_larger_than_the_provider_takes(provider: Provider, fits: bool) -> None:  # noqa: FBT001
    transcript = long_conversation(12, data="A" * 1_000_000)
    transcript.messages[1]["content"] = [{"type": "thinking", "thinking": "", "signature": "s"}]
    await Thrift().request(Counter(), replace(asking(BOUND), provider=provider), transcript)
    assert (transcript.images == 12) is fits
    assert ("thinking" in str(transcript.messages)) is fits


@pytest.mark.parametrize("provider", get_args(Provider))
async def test_a_request_fits_every_provider(provider: Provider) -> None:
    transcript = long_conversation(2)
    request = await Thrift().request(Counter(), replace(asking(BOUND), provider=provider), transcript)
    assert request.body["messages"]


async def test_a_request_is_counted_only_where_it_may_not_fit() -> None:
    thrift, transcript, counter = Thrift(), Transcript(), Counter(50_000)
    question = asking(window=100_000)
    transcript.say({"type": "text", "text": "x" * 30_000})
    await thrift.request(counter, question, transcript)
    assert counter.asked == 0
    thrift.heard(Turn({"usage": {"input_tokens": 80_000, "output_tokens": 100}}), question, transcript)
    await thrift.request(counter, question, transcript)
    assert counter.asked == 1


@pytest.mark.parametrize(("told", "turns"), [(50_000, 8), (99_000, 4), (None, 4)])
async def test_what_was_counted_decides_and_else_the_estimate(told: int | None, turns: int) -> None:
    transcript, question = long_conversation(8, words=30_000), asking(window=90_000, pictures="high")
    await Thrift().request(Counter(told), question, transcript)
    assert sum(message["role"] == "assistant" for message in transcript.messages) == turns


def test_room_is_made_until_nothing_is_left_that_could_go() -> None:
    thrift, transcript, question = Thrift(), long_conversation(10), asking()
    turns = []
    while thrift.make_room(question, transcript, tokens=True):
        turns.append((transcript.pictures, len(transcript.messages)))
    assert turns == [(3, 21), (3, 11), (3, 7), (1, 7), (1, 3)]


# --- at the stand-in ---------------------------------------------------------------------------------------------


def act(model: str, name: str, **given: object) -> Json:
    return member(name, **given) if model != OLD else computer(name, **given)


def looks(model: str, count: int, *more: Callable[[int], Json]) -> list[Said]:
    return [
        Said(
            [
                say(f"I look again, {number}."),
                act(model, "screenshot"),
                act(model, "mouse_move", coordinate=[number, 5]),
                *(one(number) for one in more),
            ]
        )
        for number in range(count)
    ]


def reads_its_past(api: StandIn) -> list[bool]:
    """For each request, whether it read all that the one before it had. The first had none."""
    return [False, *(now.read >= before.total_input for before, now in pairwise(api.usage))]


@pytest.mark.parametrize("model", [BOUND, FREE, OLD])
async def test_a_long_run_reads_its_past_but_for_a_few_batches_and_breaks_no_rule(model: str) -> None:
    async with stand_in([*looks(model, 28), Said([say("done")])]) as api:
        assert await run_over(api, model) == Finished("done")
    assert api.violations == []
    anew = [usage for usage, whole in zip(api.usage, reads_its_past(api), strict=True) if not whole][1:]
    assert 1 <= len(anew) <= 4
    if model == FREE:  # what stays before a batch is read when the next one leaves
        assert anew[-1].read > anew[0].read


async def test_a_turn_with_more_results_than_the_cache_looks_back_is_read_by_the_next() -> None:
    def keys(number: int) -> Said:
        return Said([member("key", text=key) for key in f"{number:02}" * 20])

    async with stand_in([keys(number) for number in range(6)] + [Said([say("done")])]) as api:
        assert await run_over(api, FREE) == Finished("done")
    assert api.violations == []
    assert reads_its_past(api) == [False, *[True] * 6]


async def test_a_request_that_is_too_large_from_the_start_ends_a_run() -> None:
    async with stand_in([Refuse(413, "too large")]) as api:
        outcome = await run_over(api, BOUND)
    assert isinstance(outcome, LimitReached)
    assert outcome.message == "the request is larger than the API takes: too large"


@pytest.mark.parametrize("model", [BOUND, FREE, OLD])
async def test_a_request_that_is_too_large_goes_out_again_without_old_pictures(model: str) -> None:
    days = {at: Refuse(413, "too large") for at in (6, 12)}
    async with stand_in([*looks(model, 14), Said([say("done")])], bad_days=days) as api:
        assert await run_over(api, model) == Finished("done")
    assert api.violations == []
    assert len(api.requests) == 17


@pytest.mark.parametrize("model", [BOUND, FREE])
async def test_where_there_are_few_pictures_the_last_one_stays(model: str) -> None:
    async with stand_in([*looks(model, 2), Said([say("done")])], bad_days={2: Refuse(413, "too large")}) as api:
        assert await run_over(api, model) == Finished("done")
    assert api.violations == []
    refused, taken = (json.dumps(request.body["messages"]) for request in api.requests[2:])
    assert (refused.count(str(GONE["text"])), taken.count(str(GONE["text"]))) == (0, 1)


@pytest.mark.parametrize("model", [BOUND, FREE, OLD])
async def test_a_conversation_longer_than_the_window_goes_on_without_its_beginning(model: str) -> None:
    entry = (find(model) or Entry()).model_copy(update={"window": 40_000, "output": 5000})
    models = {model: replace(MODELS[model], window=40_000)}
    turns = looks(model, 12, lambda number: call("bash", command=f"echo {'x' * 8000}{number}"))
    async with stand_in([*turns, Said([say("done")])], models=models) as api:
        assert await run_over(api, model, FakeDesktop((1280, 800)), entry) == Finished("done")
    assert api.violations == []
    assert api.counted


async def test_a_task_longer_than_the_window_ends_a_run_at_that_limit() -> None:
    models = {FREE: replace(MODELS[FREE], window=5000)}
    async with stand_in([Said([say("done")])], models=models) as api:
        outcome = await run_over(api, FREE)
    assert isinstance(outcome, LimitReached)
    assert outcome.limit == "window"


async def test_a_provider_that_takes_nothing_out_is_sent_all_of_it() -> None:
    turns = by_turn([*looks(BOUND, 20), Said([say("done")])])

    async def refusing(request: Received) -> Reply:
        if "context_management" in request.body:
            return Refuse(400, "context_management: Extra inputs are not permitted")
        return await turns(request)

    async with stand_in(refusing) as api:
        assert await run_over(api, BOUND) == Finished("done")
    assert api.violations == []
    assert len(api.requests) == 22


async def test_a_run_with_long_pauses_still_reads_its_past_after_the_first_ones() -> None:
    clock, turns = Clock(), by_turn([*looks(FREE, 10), Said([say("done")])])

    async def slow(request: Received) -> Reply:
        clock.now += 400
        return await turns(request)

    async with stand_in(slow, clock=clock) as api, loop_over(api, FREE) as loop:
        loop.thrift.clock = clock
        assert await loop.run() == Finished("done")
    assert api.violations == []
    assert reads_its_past(api)[-7:] == [True] * 7
    assert api.usage[-1].written_1h
