from __future__ import annotations

import pytest
from pydantic import JsonValue

from harness.model.catalog import Above, Price
from harness.model.turn import Turn, Usage, usage
from harness.tools.call import Call, Json


def test_a_turn_tells_its_text_calls_and_end() -> None:
    turn = Turn(
        {
            "stop_reason": "tool_use",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "first"},
                {"type": "tool_use", "id": "a", "name": "zoom", "toolset_name": "computer", "input": {"region": [0]}},
                {"type": "text", "text": None},
                {"type": "tool_use", "id": "b", "name": "bash", "input": "nonsense"},
            ],
            "usage": {"input_tokens": 1, "output_tokens": 2},
        }
    )
    assert (turn.stop, turn.text, turn.usage) == ("tool_use", "first", Usage(input=1, output=2))
    assert turn.calls == (Call("a", "zoom", {"region": [0]}, "computer"), Call("b", "bash", {}))


def test_usage_is_complete() -> None:
    told = usage(
        {
            "input_tokens": 31,
            "cache_creation_input_tokens": 1400,
            "cache_read_input_tokens": 5200,
            "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 400},
            "output_tokens": 64,
            "output_tokens_details": {"thinking_tokens": 22},
        }
    )
    assert told == Usage(31, 5200, 1000, 400, 64, 22)
    assert told.total == 31 + 1400 + 5200
    assert told + Usage(input=1) == Usage(32, 5200, 1000, 400, 64, 22)


def test_iterations_are_summed_since_compactions_stand_nowhere_else() -> None:
    parts: list[JsonValue] = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 10},
        {"type": "message", "input_tokens": 7, "output_tokens": 1},
    ]
    told: Json = {
        "input_tokens": 7,
        "output_tokens": 1,
        "output_tokens_details": {"thinking_tokens": 1},
        "server_tool_use": {"web_search_requests": 2},
        "iterations": parts,
    }
    assert usage(told) == Usage(input=107, output=11, thinking=1, searches=2)


def test_how_long_a_conversation_is_tells_the_last_request_that_had_all_of_it() -> None:
    parts: list[JsonValue] = [
        {"type": "message", "input_tokens": 5, "output_tokens": 50},
        {"type": "fallback_message", "input_tokens": 7, "cache_read_input_tokens": 100, "output_tokens": 1},
        {"type": "compaction", "input_tokens": 9000, "output_tokens": 10},
    ]
    assert Turn({"usage": {"iterations": parts}}).length == 108
    assert Turn({"usage": {"input_tokens": 7, "output_tokens": 1}}).length == 8
    assert Turn({}).length == 0


def test_each_request_of_an_answer_costs_by_its_own_size_and_model() -> None:
    price = Price(input=1, output=0, above=Above(tokens=100, input=10, output=0))
    parts: list[Json] = [{"type": "message", "input_tokens": 80, "model": "claude-fable-5-1"}, {"input_tokens": 80}]
    assert told_cost(parts, price) == pytest.approx(160e-6)
    assert told_cost([{"input_tokens": 101}, *parts], price) == pytest.approx((1010 + 160) * 1e-6)
    other: Json = {"type": "fallback_message", "input_tokens": 100, "model": "claude-opus-5"}
    assert told_cost([*parts, other], price) == pytest.approx((160 + 500) * 1e-6)
    assert told_cost([*parts, {**other, "model": "nobody-knows"}], price) is None


def told_cost(parts: list[Json], price: Price) -> float | None:
    return Turn({"usage": {"input_tokens": 80, "iterations": list(parts)}}).cost(price)


def test_a_search_costs_what_nobody_here_knows() -> None:
    told: Json = {"input_tokens": 1, "server_tool_use": {"web_search_requests": 1}}
    assert Turn({"usage": told}).cost(Price(input=1, output=1)) is None


@pytest.mark.parametrize("told", [None, 3, {}, {"input_tokens": None, "cache_creation": 4}])
def test_what_is_not_told_is_nothing(told: JsonValue) -> None:
    assert usage(told) == Usage()


def test_cost_is_by_kind_of_token() -> None:
    price = Price(input=2, output=10, cache_read=0.05)
    used = Usage(input=1_000_000, cache_read=2_000_000, cache_write_5m=400_000, cache_write_1h=100_000, output=100_000)
    assert used.cost(price) == pytest.approx(2 + 0.2 + 1.0 + 0.4 + 1.0)


def test_a_price_may_rise_with_the_size_of_the_request() -> None:
    price = Price(input=1, output=5, above=Above(tokens=100, input=10, output=50))
    assert Usage(input=100, output=1_000_000).cost(price) == pytest.approx(5.0001)
    assert Usage(input=101, output=1_000_000).cost(price) == pytest.approx(50.00101)


def test_an_unknown_price_is_an_unknown_cost() -> None:
    assert Usage(input=1).cost(None) is None
