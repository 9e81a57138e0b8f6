from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.agent.approvals import Approvals, Rule
from harness.tools.call import Call

CLICK = Call("a", "left_click", {"coordinate": [1, 2]}, "computer")
OLDER = Call("a", "computer", {"action": "left_click", "coordinate": [1, 2]})
DELETE = Call("b", "bash", {"command": "rm -rf letters"})
VIEW = Call("c", "str_replace_based_edit_tool", {"command": "view", "path": "x"})
RULES = [
    Rule.model_validate({"then": "deny", "tool": "bash", "matching": r"\brm\b", "reason": "files stay"}),
    Rule(then="ask", tool="computer", action="left_click"),
    Rule(then="deny", action="view"),
]


class Person:
    def __init__(self, *, says: bool) -> None:
        self.says = says
        self.asked: list[Call] = []

    async def __call__(self, call: Call, reason: str) -> bool:  # noqa: ARG002 - the shape of an Ask
        self.asked.append(call)
        return self.says


@pytest.mark.parametrize("call", [CLICK, OLDER])
async def test_a_person_is_asked_and_decides(call: Call) -> None:
    for says in (True, False):
        person = Person(says=says)
        refusal = await Approvals(RULES, person).refusal(call)
        assert (refusal is None) is says
        assert person.asked == [call]


async def test_where_nobody_can_be_asked_it_is_denied() -> None:
    refusal = await Approvals(RULES).refusal(CLICK)
    assert refusal is not None
    assert refusal.failed


async def test_what_is_denied_is_told_with_the_reason() -> None:
    refusal = await Approvals(RULES, Person(says=True)).refusal(DELETE)
    assert refusal is not None
    assert "denied (files stay)" in refusal.text
    assert await Approvals(RULES).refusal(VIEW) is not None


async def test_what_no_rule_is_about_is_allowed() -> None:
    assert await Approvals(RULES).refusal(Call("d", "bash", {"command": "ls"})) is None
    assert await Approvals([]).refusal(DELETE) is None


async def test_the_first_rule_that_is_about_a_call_decides() -> None:
    rules = [Rule(then="allow", tool="bash"), Rule(then="deny")]
    assert await Approvals(rules).refusal(DELETE) is None
    assert await Approvals(rules).refusal(CLICK) is not None


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        Rule.model_validate({"then": "deny", "matching": "("})
