from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from harness.errors import BadAnswer, CutShort
from harness.model.stream import DEEPEST, Answer
from harness.tools.call import Json

START: Json = {
    "type": "message_start",
    "message": {"id": "msg_1", "role": "assistant", "content": [], "stop_reason": None, "usage": {"input_tokens": 9}},
}
END: tuple[Json, ...] = (
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
)


def block(index: int, begun: Json, *deltas: Json) -> list[Json]:
    changes: list[Json] = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [
        {"type": "content_block_start", "index": index, "content_block": begun},
        *changes,
        {"type": "content_block_stop", "index": index},
    ]


def message(*events: Json, stop: str = "end_turn") -> Json:
    answer = Answer()
    end: Json = {**END[0], "delta": {"stop_reason": stop}}
    for event in (START, *events, end, END[1]):
        answer.take(event)
    return answer.end()


def test_text_thinking_and_calls_are_put_together_as_they_were_told() -> None:
    told = message(
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Let me "},
            {"type": "thinking_delta", "thinking": "see."},
            {"type": "signature_delta", "signature": "c2ln"},
        ),
        *block(
            1,
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "I "},
            {"type": "text_delta", "text": "click"},
        ),
        *block(
            2,
            {"type": "tool_use", "id": "toolu_1", "name": "left_click", "toolset_name": "computer", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"coordi'},
            {"type": "input_json_delta", "partial_json": 'nate":[40,70]}'},
        ),
    )
    assert told["content"] == [
        {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
        {"type": "text", "text": "I click"},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "left_click",
            "toolset_name": "computer",
            "input": {"coordinate": [40, 70]},
        },
    ]
    assert (told["stop_reason"], told["usage"]) == ("end_turn", {"input_tokens": 9, "output_tokens": 5})


def test_what_nobody_knows_is_kept() -> None:
    strange: Json = {"type": "brand_new", "value": [1, {"deep": None}], "note": "é"}
    assert message(*block(0, strange), {"type": "something_else"}, {"type": "ping"})["content"] == [strange]


def test_citations_and_compactions_are_kept() -> None:
    told = message(
        *block(0, {"type": "text", "text": ""}, {"type": "citations_delta", "citation": {"cited_text": "a"}}),
        *block(1, {"type": "compaction", "content": None}, {"type": "compaction_delta", "content": "all so far"}),
    )
    assert told["content"] == [
        {"type": "text", "text": "", "citations": [{"cited_text": "a"}]},
        {"type": "compaction", "content": "all so far"},
    ]


def test_a_call_without_input_has_the_empty_one() -> None:
    told = message(*block(0, {"type": "tool_use", "id": "t", "name": "screenshot", "input": {}}))
    assert told["content"] == [{"type": "tool_use", "id": "t", "name": "screenshot", "input": {}}]


@pytest.mark.parametrize("events", [(), (START,), (START, END[0]), (START, END[1])])
def test_an_answer_that_ends_early_is_cut_short(events: Iterable[Json]) -> None:
    answer = Answer()
    for event in events:
        answer.take(event)
    with pytest.raises(CutShort):
        answer.end()


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_start", "index": "0", "content_block": {}},
        {"type": "content_block_start", "index": 0, "content_block": "text"},
        {"type": "message_start", "message": 3},
    ],
)
def test_an_event_that_is_not_as_documented_is_told_with_its_body(event: Json) -> None:
    with pytest.raises(BadAnswer) as told:
        Answer().take(event)
    assert json.loads(told.value.body) == event


def test_input_that_is_no_json_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        message(*block(0, {"type": "tool_use", "input": {}}, {"type": "input_json_delta", "partial_json": '{"a'}))


@pytest.mark.parametrize("stop", ["max_tokens", "model_context_window_exceeded", "refusal"])
def test_an_answer_may_stop_in_the_midst_of_a_calls_input(stop: str) -> None:
    called: Json = {"type": "tool_use", "id": "t", "name": "bash", "input": {}}
    told = message(*block(0, called, {"type": "input_json_delta", "partial_json": '{"command": "cat'}), stop=stop)
    assert told == {**told, "stop_reason": stop, "content": [called]}


def test_input_is_taken_though_nobody_says_that_its_block_is_over() -> None:
    called = block(0, {"type": "tool_use", "input": {}}, {"type": "input_json_delta", "partial_json": '{"a": 1}'})
    assert message(*called[:-1])["content"] == [{"type": "tool_use", "input": {"a": 1}}]


@pytest.mark.parametrize("levels", [DEEPEST, 50_000])
def test_an_answer_that_nests_too_deeply_is_a_bad_answer(levels: int) -> None:
    told = f'{{"a": {"[" * levels}{"]" * levels}}}'
    with pytest.raises(BadAnswer):
        message(*block(0, {"type": "tool_use", "input": {}}, {"type": "input_json_delta", "partial_json": told}))
