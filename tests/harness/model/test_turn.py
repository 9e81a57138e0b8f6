from __future__ import annotations

import pytest
from pydantic import JsonValue

from harness.model.catalog import Above, Price
from harness.model.turn import Turn, Usage, usage
from harness.tools.call import Call


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
        {"input_tokens": 7, "output_tokens": 1},
    ]
    assert usage({"input_tokens": 7, "output_tokens": 1, "iterations": parts}) == Usage(input=107, output=11)


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
