"""The second opinion of the installed SDK's types: closed, with lists, as deep as a body goes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.api.conversing import asking, image
from tests.support.api.sdk_types import second_opinion

CALL = {"type": "tool_use", "id": "a", "name": "screenshot", "input": {"deep": {"er": 1}}, "toolset_name": "computer"}
RESULT = {"type": "tool_result", "tool_use_id": "a", "toolset_name": "computer", "content": [image(8, 8)]}
MESSAGES = [
    {"role": "user", "content": "Look."},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "c2ln"}, CALL]},
    {"role": "user", "content": [RESULT]},
]
OLDER = {"type": "computer_20251124", "name": "computer", "display_width_px": 8, "display_height_px": 8}


def body(**more: Any) -> Any:
    return copy.deepcopy(asking(messages=MESSAGES, **more))


@pytest.mark.parametrize("namespace", ["plain", "beta"])
def test_a_right_body_passes(namespace: str) -> None:
    assert not list(second_opinion(body(), namespace, "whole"))
    assert not list(second_opinion(body(stream=True), namespace, "streaming"))
    counted = body()
    del counted["max_tokens"]
    assert not list(second_opinion(counted, namespace, "counting"))


def test_a_field_nobody_knows_is_found_however_deep() -> None:
    wrong = body()
    wrong["messages"][2]["content"][0]["content"][0]["source"]["url"] = "x"
    (problem,) = second_opinion(wrong, "plain", "whole")
    assert "messages.2.UserMessageParam.content" in str(problem)
    assert "url: Extra inputs are not permitted" in str(problem)


def test_what_is_missing_is_found() -> None:
    wrong = body()
    del wrong["messages"][1]["content"][0]["signature"]
    assert list(second_opinion(wrong, "plain", "whole"))


def test_the_older_computers_are_beta_alone() -> None:
    wrong = body(tools=[OLDER])
    assert not list(second_opinion(wrong, "beta", "whole"))
    assert list(second_opinion(wrong, "plain", "whole"))


def test_settings_of_the_beta_are_beta_alone() -> None:
    wrong = body(context_management={"edits": [{"type": "clear_tool_uses_20250919"}]})
    assert not list(second_opinion(wrong, "beta", "whole"))
    assert list(second_opinion(wrong, "plain", "whole"))
