"""What a request counts, by the documented rules of the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.api import MODELS, Turn, by_turn, member, say, stand_in
from tests.support.api.caching import LOOKBACK, PromptCache, Usage
from tests.support.api.conversing import answered, asking, client, sent_back
from tests.support.api.marks import units

SONNET = MODELS["claude-sonnet-5-5"]


@dataclass
class Clock:
    """Time that passes when a test says so, in seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def text(size: int, ttl: str | None = None, letter: str = "x") -> Any:
    block: dict[str, Any] = {"type": "text", "text": letter * size}
    return block if ttl is None else {**block, "cache_control": {"type": "ephemeral", "ttl": ttl}}


def count(cache: PromptCache, *blocks: Any, model: str = SONNET.id, **more: Any) -> Usage:
    """What a request with these blocks counts."""
    body = {"messages": [{"role": "user", "content": list(blocks)}], **more}
    return cache.count(units(body), MODELS[model])[0]


def test_without_a_mark_nothing_is_kept() -> None:
    cache = PromptCache(Clock())
    assert count(cache, text(4000)) == count(cache, text(4000)) == Usage(input=1300)


def test_what_is_marked_is_written_then_read() -> None:
    cache = PromptCache(Clock())
    assert count(cache, text(4000, "5m"), text(400)) == Usage(input=130, written_5m=1300)
    assert count(cache, text(4000, "5m"), text(400)) == Usage(input=130, read=1300)
    assert count(cache, text(4000), text(400, "5m")) == Usage(read=1300, written_5m=130)


def test_a_mark_that_moves_on_reads_the_old_and_writes_the_new() -> None:
    cache = PromptCache(Clock())
    count(cache, text(4000, "5m"))
    assert count(cache, text(4000), text(400), text(400, "5m")) == Usage(read=1300, written_5m=260)


def test_five_minutes_and_an_hour_from_the_last_use() -> None:
    clock = Clock()
    cache = PromptCache(clock)
    count(cache, text(4000, "1h"), text(400, "5m"))
    clock.now = 299
    assert count(cache, text(4000, "1h"), text(400, "5m")) == Usage(read=1430)
    clock.now = 299 + 301
    assert count(cache, text(4000, "1h"), text(400, "5m")) == Usage(read=1300, written_5m=130)
    clock.now += 3599
    assert count(cache, text(4000, "1h"), text(400, "5m")) == Usage(read=1300, written_5m=130)
    clock.now += 3601
    assert count(cache, text(4000, "1h"), text(400, "5m")) == Usage(written_1h=1300, written_5m=130)


def test_what_is_too_short_is_not_kept_and_noted() -> None:
    cache = PromptCache(Clock())
    body = {"messages": [{"role": "user", "content": [text(100, "5m")]}]}
    assert cache.count(units(body), SONNET) == (
        Usage(input=33),
        ["messages.0.content.0: 33 tokens are too few to be cached"],
    )
    assert count(cache, text(4000, "5m"), model="claude-opus-4-6") == Usage(input=1000)


def test_a_beginning_is_found_twenty_blocks_before_a_mark_and_no_further() -> None:
    cache = PromptCache(Clock())
    count(cache, text(4000, "5m"))
    more = [text(100)] * (LOOKBACK - 1)
    assert count(cache, text(4000), *more, text(100, "5m")).read == 1300
    cache = PromptCache(Clock())
    count(cache, text(4000, "5m"))
    assert count(cache, text(4000), text(100), *more, text(100, "5m")).read == 0


def test_another_model_another_tool_or_another_word_has_nothing_to_read() -> None:
    cache = PromptCache(Clock())
    tools = [{"type": "bash_20250124", "name": "bash"}]
    count(cache, text(4000, "5m"), tools=tools)
    assert count(cache, text(4000, "5m"), tools=tools).read > 0
    assert count(cache, text(4000, "5m"), tools=tools, model="claude-opus-5").read == 0
    assert count(cache, text(4000, "5m")).read == 0
    assert count(cache, text(4000, "5m", "y"), tools=tools).read == 0


def test_marks_in_a_batch_of_results_act_as_one_at_its_end() -> None:
    def results(*ttls: str | None) -> list[Any]:
        made = [{"type": "tool_result", "tool_use_id": "a", "content": "x" * 4000} for _ in ttls]
        marks = [{} if ttl is None else {"cache_control": {"type": "ephemeral", "ttl": ttl}} for ttl in ttls]
        return [{**one, **mark} for one, mark in zip(made, marks, strict=True)]

    cache = PromptCache(Clock())
    assert count(cache, *results("5m", None)) == Usage(written_5m=2620)
    assert count(cache, *results(None, "5m")) == Usage(read=2620)


def test_an_automatic_mark_stands_at_the_end_and_moves_on() -> None:
    cache, mark = PromptCache(Clock()), {"type": "ephemeral"}
    assert count(cache, text(4000), cache_control=mark) == Usage(written_5m=1300)
    assert count(cache, text(4000), text(400), cache_control=mark) == Usage(read=1300, written_5m=130)


async def test_a_long_conversation_reads_its_beginning_at_every_turn() -> None:
    turns = [Turn([member("screenshot")])] * 8
    async with stand_in(by_turn([*turns, Turn([say("Done.")])]), clock=Clock()) as api, client(api.url) as claude:
        body = asking(cache_control={"type": "ephemeral"})
        for _ in turns:
            async with claude.messages.stream(**body) as events:
                turn = sent_back(await events.get_final_message())
            body["messages"] += [turn, answered(turn)]
        reply = await claude.messages.create(**body)
        assert not api.violations
    assert reply.usage.cache_read_input_tokens == api.usage[-1].read
    for before, after in zip(api.usage, api.usage[1:], strict=False):
        assert after.read == before.read + before.written_5m
        assert after.input == 0
    assert api.usage[-1].output > api.usage[-1].thinking > 0


async def test_a_count_is_what_the_request_counts() -> None:
    async with stand_in([Turn([member("screenshot")]), Turn([say("Done.")])]) as api, client(api.url) as claude:
        body = asking(system="You operate a desktop.")
        turn = sent_back(await claude.messages.create(**body))
        body["messages"] += [turn, answered(turn)]
        await claude.messages.create(**body)
        del body["max_tokens"]
        counted = await claude.messages.count_tokens(**body)
        assert counted.input_tokens == api.usage[-1].total_input
