from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.agent.approvals import Approvals, Rule, rule
from harness.errors import UsageError
from harness.tools.call import Call

CLICK = Call("a", "left_click", {"coordinate": [1, 2]}, "computer")
OLDER = Call("a", "computer", {"action": "left_click", "coordinate": [1, 2]})
DELETE = Call("b", "bash", {"command": "rm -rf letters"})
VIEW = Call("c", "str_replace_based_edit_tool", {"command": "view", "path": "x"})
OWN = Call("d", "send", {"to": ["ann@example.com", {"name": 'the "boss"'}]})
RULES = [
    Rule.model_validate({"then": "deny", "tool": "bash", "matching": r"\brm\b", "reason": "files stay"}),
    Rule(then="ask", tool="computer", action="left_click"),
    Rule(then="deny", action="view"),
]


class Person:
    def __init__(self, *, says: bool | str) -> None:
        self.says = says
        self.asked: list[tuple[Call, Rule]] = []

    async def __call__(self, call: Call, rule: Rule) -> bool | str:
        self.asked.append((call, rule))
        return self.says


@pytest.mark.parametrize("call", [CLICK, OLDER])
async def test_a_person_is_asked_and_decides(call: Call) -> None:
    for says in (True, False):
        person = Person(says=says)
        refusal = await Approvals(RULES, person).refusal(call)
        assert (refusal is None) is says
        assert person.asked == [(call, RULES[1])]


async def test_why_a_person_says_no_is_told() -> None:
    refusal = await Approvals(RULES, Person(says="use the shell")).refusal(CLICK)
    assert refusal is not None
    assert "denied (use the shell)" in refusal.text


async def test_where_nobody_can_be_asked_it_is_denied() -> None:
    refusal = await Approvals(RULES).refusal(CLICK)
    assert refusal is not None
    assert refusal.failed
    assert "nobody is there to be asked" in refusal.text


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


async def test_a_person_is_not_asked_whether_they_may_be_asked() -> None:
    question = Call("e", "request_human", {"question": "Which one?"})
    assert await Approvals([rule("deny")]).refusal(question) is None
    assert await Approvals([rule("deny:request_human")]).refusal(question) is not None


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        Rule.model_validate({"then": "deny", "matching": "("})


@pytest.mark.parametrize(
    ("told", "about", "others"),
    [
        ("ask", [CLICK, OLDER, DELETE, VIEW, OWN], []),
        ("deny:bash", [DELETE], [CLICK, VIEW, OWN]),
        (r"ask:bash:^rm\s", [DELETE], [CLICK, VIEW]),
        ("ask:bash:^ls", [], [DELETE]),
        ("deny:computer:left_click", [CLICK, OLDER], [DELETE]),
        ("deny:computer:type", [], [CLICK, OLDER]),
        ("ask:editor:view:^x$", [VIEW], [DELETE]),
        ("ask:editor::^x$", [VIEW], [DELETE]),
        ("deny::letters", [DELETE], [CLICK, VIEW]),
        ("ask:send:ann@", [OWN], [DELETE]),
        ('ask:send:the "boss"', [OWN], [DELETE]),
        ("ask:send:a:b", [], [OWN]),
        ("allow:computer", [CLICK, OLDER], [DELETE]),
    ],
)
def test_a_rule_is_written_in_a_line(told: str, about: list[Call], others: list[Call]) -> None:
    read = rule(told)
    assert [call for call in (*about, *others) if read.is_about(call)] == about
    assert str(read).startswith(read.then)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("", "there is no ''; write it as allow, ask or deny, then :TOOL"),
        ("never:bash", "there is no 'never'"),
        ("ask:computer:fly", "computer has no action 'fly'; it has: screenshot, zoom"),
        ("ask:editor:rm", "editor has no action 'rm'; it has: view"),
        ("deny:bash:(", r"--approve 'deny:bash:\(': '\(' is not a regular expression"),
    ],
)
def test_a_rule_that_cannot_be_is_told_with_what_can(told: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        rule(told)


@given(st.text())
def test_any_text_is_a_rule_or_is_told(told: str) -> None:
    with suppress(UsageError):
        assert told.startswith(rule(told).then)
