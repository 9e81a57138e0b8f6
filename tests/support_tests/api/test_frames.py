"""However a reply is cut into events and pieces, it is the same when it is put together again."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.api.caching import Usage
from tests.support.api.frames import frame, frames, torn

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
INPUTS = st.dictionaries(TEXTS, VALUES, max_size=3)
BLOCKS = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": TEXTS, "signature": TEXTS}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": TEXTS, "name": TEXTS, "input": INPUTS}),
    st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": TEXTS, "name": TEXTS, "input": INPUTS, "toolset_name": st.just("computer")}
    ),
    st.fixed_dictionaries({"type": st.just("brand_new"), "value": VALUES}),
)


def message(content: list[Any]) -> Any:
    ends = {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None}
    return {"id": "msg_1", "role": "assistant", "content": content, "usage": Usage(output=7, thinking=2).json, **ends}


def together(raw: bytes) -> list[Any]:
    """The blocks of a stream."""
    found: list[Any] = []
    inputs: dict[int, str] = {}
    for event in raw.decode().split("\n\n")[:-1]:
        name, data = event.split("\n")
        told = json.loads(data.removeprefix("data: "))
        assert name == f"event: {told['type']}"
        if told["type"] == "content_block_start":
            assert told["index"] == len(found)
            found.append(told["content_block"])
        if told["type"] == "content_block_delta":
            match told["delta"]:
                case {"partial_json": piece}:
                    inputs[told["index"]] = inputs.get(told["index"], "") + piece
                case {"type": _, **rest}:
                    ((key, piece),) = rest.items()
                    found[told["index"]][key] += piece
    return [{**block, "input": json.loads(inputs[at])} if at in inputs else block for at, block in enumerate(found)]


@given(content=st.lists(BLOCKS, max_size=4), seed=st.integers())
def test_a_reply_is_the_same_when_it_is_put_together(content: list[Any], seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - nothing secret
    raw = b"".join(event.raw for event in frames(message(content), chance))
    pieces = list(torn(raw, chance))
    assert b"".join(pieces) == raw
    assert together(raw) == content


def test_the_counts_come_with_the_first_event_and_the_last_but_one() -> None:
    chance = Random(0)  # noqa: S311 - nothing secret
    events = [json.loads(event.data) for event in frames(message([]), chance)]
    assert events[0]["message"]["usage"]["output_tokens"] == 1
    assert events[0]["message"]["stop_reason"] is None
    assert events[-2]["usage"] == {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 2}}


def test_an_event_is_two_lines() -> None:
    assert frame({"type": "ping"}).raw == b'event: ping\ndata: {"type": "ping"}\n\n'
