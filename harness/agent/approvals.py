"""What a model may do without asking, what a person is asked about, and what it may not do at all.

Rules hold off accidents. A pattern over commands is no wall: whoever may run a shell can write a command in many ways.
What must not happen is what the sandbox does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from harness.errors import UsageError
from harness.tools.call import Call, Result
from harness.tools.computer import KINDS as ACTIONS
from harness.tools.computer import TOOL
from harness.tools.editor import KINDS as EDITS
from harness.tools.human import NAME as ASK_HUMAN
from harness.tools.words import EDITOR, tool_and_action

Answer: TypeAlias = Literal["allow", "ask", "deny"]
Ask: TypeAlias = "Callable[[Call, Rule], Awaitable[bool | str]]"
"""Asks a person about a call that falls under a rule: whether it may be done. A text says that it may not, and why."""
DENIED = "Not done: it was denied{}. Do something else, or say why it is needed."
SYNTAX = "write it as allow, ask or deny, then :TOOL, :ACTION of computer or editor, :PATTERN, each if you like"


def _pattern(value: object) -> object:
    if isinstance(value, str):
        try:
            return re.compile(value)
        except re.error as problem:
            raise ValueError(f"{value!r} is not a regular expression: {problem}") from None
    return value


class Rule(BaseModel):
    """Which calls it is about, and what becomes of them. What is left out is about all.

    Without a tool it is not about questions to a person, who decides on those by answering.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    then: Answer
    tool: str | None = None  # computer, bash, editor, or the name of another
    action: str | None = None  # of the computer or the editor
    matching: Annotated[re.Pattern[str] | None, BeforeValidator(_pattern)] = None  # found in a text of the call's input
    reason: str = ""

    def is_about(self, call: Call) -> bool:
        """Whether a call falls under it."""
        tool, action = tool_and_action(call)
        return (
            (tool != ASK_HUMAN if self.tool is None else self.tool == tool)
            and self.action in (None, action)
            and (self.matching is None or any(map(self.matching.search, _texts(call.input))))
        )

    def __str__(self) -> str:
        parts = (self.then, self.tool, self.action, self.matching.pattern if self.matching else None)
        return ":".join(filter(None, parts))


def rule(told: str) -> Rule:
    """A rule as it is written in one line: `ask`, `deny:bash:^rm `, `ask:computer:type`, `deny::password`.

    After what is to be done come the tool, for computer and editor the action, and a regular expression that is
    searched in each text of a call; what is empty is about all. Raises UsageError.
    """
    then, *rest = told.split(":", 1)
    if then not in get_args(Answer):
        raise UsageError(f"--approve {told!r}: there is no {then!r}; {SYNTAX}")
    tool, *rest = rest[0].split(":", 1) if rest else [""]
    action = ""
    if known := _ACTIONS.get(tool):
        action, *rest = rest[0].split(":", 1) if rest else [""]
        if action and action not in known:
            raise UsageError(f"--approve {told!r}: {tool} has no action {action!r}; it has: {', '.join(known)}")
    try:
        return Rule.model_validate(
            {"then": then, "tool": tool or None, "action": action or None, "matching": rest[0] if rest else None}
        )
    except ValidationError as error:
        raise UsageError(f"--approve {told!r}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


class Approvals:
    """Rules in order: the first that is about a call decides; without one it is allowed."""

    def __init__(self, rules: Sequence[Rule | str], ask: Ask | None = None) -> None:
        self._rules = [rule(one) if isinstance(one, str) else one for one in rules]
        self._ask = ask

    async def refusal(self, call: Call) -> Result | None:
        """What to answer in place of doing it; None where it may be done. Where nobody can be asked, it may not."""
        first = next((rule for rule in self._rules if rule.is_about(call)), None)
        if first is None or first.then == "allow":
            return None
        said: bool | str = False
        if first.then == "ask":
            said = await self._ask(call, first) if self._ask else "nobody is there to be asked"
        if said is True:
            return None
        reasons = "; ".join(filter(None, (first.reason, said or "")))
        return Result(DENIED.format(f" ({reasons})" if reasons else ""), failed=True)


_ACTIONS = {TOOL: tuple(ACTIONS), EDITOR: tuple(EDITS)}


def _texts(value: JsonValue) -> Iterator[str]:
    """Every text in it, whatever it lies in."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            for one in value.values():
                yield from _texts(one)
