"""What a model may do without asking, what a person is asked about, and what it may not do at all."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from harness.tools.call import Call, Result
from harness.tools.words import tool_and_action

Answer: TypeAlias = Literal["allow", "ask", "deny"]
Ask: TypeAlias = Callable[[Call, str], Awaitable[bool]]
"""Asks a person about a call, with the rule's reason; whether it may be done."""
DENIED = "Not done: it was denied{}. Do something else, or say why it is needed."


def _pattern(value: object) -> object:
    if isinstance(value, str):
        try:
            return re.compile(value)
        except re.error as problem:
            raise ValueError(f"{value!r} is not a regular expression: {problem}") from None
    return value


class Rule(BaseModel):
    """Which calls it is about, and what becomes of them. What is left out is about all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    then: Answer
    tool: str | None = None  # computer, bash, editor, or the name of another
    action: str | None = None  # of the computer or the editor
    matching: Annotated[re.Pattern[str] | None, BeforeValidator(_pattern)] = None  # found in the call's input, as JSON
    reason: str = ""

    def is_about(self, call: Call) -> bool:
        """Whether a call falls under it."""
        tool, action = tool_and_action(call)
        return (
            self.tool in (None, tool)
            and self.action in (None, action)
            and (self.matching is None or self.matching.search(json.dumps(call.input, ensure_ascii=False)) is not None)
        )


class Approvals:
    """Rules in order: the first that is about a call decides; without one it is allowed."""

    def __init__(self, rules: Sequence[Rule], ask: Ask | None = None) -> None:
        self._rules = rules
        self._ask = ask

    async def refusal(self, call: Call) -> Result | None:
        """What to answer in place of doing it; None where it may be done. Where nobody can be asked, it may not."""
        rule = next((rule for rule in self._rules if rule.is_about(call)), None)
        if rule is None or rule.then == "allow":
            return None
        if rule.then == "ask" and self._ask is not None and await self._ask(call, rule.reason):
            return None
        return Result(DENIED.format(f" ({rule.reason})" if rule.reason else ""), failed=True)
