"""Rules on the conversation: whose turn it is, and that every call of a tool is answered as it must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tests.support.api.content import Image, Text, ToolResult, ToolUse
from tests.support.api.problems import Problem
from tests.support.api.shapes import Toolset

if TYPE_CHECKING:
    from tests.support.api.content import Message
    from tests.support.api.reading import Request

HALTED = "Not executed: an earlier computer action in this turn failed."
SHOWING = frozenset({"screenshot", "zoom"})


def wrong_turns(request: Request, *, may_end_with_assistant: bool) -> Iterator[Problem]:
    """Turns that do not follow each other as they must."""
    messages = request.asked.messages
    if messages[0].role == "assistant":
        yield Problem("messages.0.role", "the first message must use the user role")
    if messages[-1].role == "assistant" and not may_end_with_assistant:
        message = "This model does not support assistant message prefill. The conversation must end with a user message"
        yield Problem(f"messages.{len(messages) - 1}.role", message)
    toolset = isinstance(request.computer, Toolset)
    for start, end in _runs(messages):
        if messages[start].role == "assistant":
            calls = [block for at in range(start, end) for block in _uses(messages[at])]
            yield from _answers(messages, end, calls, toolset=toolset)
        elif start == 0 or messages[start - 1].role != "assistant":
            yield from _unexpected(messages, start, end)


def _runs(messages: Sequence[Message]) -> Iterator[tuple[int, int]]:
    """Where messages of the same role begin and end: the API makes one turn of them."""
    start = 0
    for at in range(1, len(messages) + 1):
        if at == len(messages) or messages[at].role != messages[start].role:
            yield start, at
            start = at


def _uses(message: Message) -> list[ToolUse]:
    return [] if isinstance(message.content, str) else [b for b in message.content if isinstance(b, ToolUse)]


def _results(messages: Sequence[Message], start: int) -> list[tuple[str, ToolResult]]:
    """Results of the turn that starts here, with their paths."""
    found: list[tuple[str, ToolResult]] = []
    for at in range(start, len(messages)):
        message = messages[at]
        if message.role != "user":
            break
        if not isinstance(message.content, str):
            inside = enumerate(message.content)
            found += [(f"messages.{at}.content.{i}", b) for i, b in inside if isinstance(b, ToolResult)]
    return found


def _unexpected(messages: Sequence[Message], start: int, end: int) -> Iterator[Problem]:
    """Results where nothing was called."""
    if messages[start].role == "user":
        for path, result in _results(messages[:end], start):
            yield Problem(path, f"unexpected `tool_use_id` found in `tool_result` blocks: {result.tool_use_id}")


def _answers(messages: Sequence[Message], at: int, calls: list[ToolUse], *, toolset: bool) -> Iterator[Problem]:
    """What is wrong with the answers to the calls of one turn, which are due in the turn that starts at `at`."""
    if at == len(messages):
        return
    results = _results(messages, at)
    by_id = {call.id: call for call in calls}
    yield from _unpaired(at, list(by_id), results)
    if calls:
        yield from _results_not_first(messages, at)
    paired = [(path, by_id[result.tool_use_id], result) for path, result in results if result.tool_use_id in by_id]
    for path, call, result in paired:
        yield from _wrong_result(path, call, result)
    if toolset:
        yield from _wrong_halt(paired)


def _unpaired(at: int, called: list[str], results: list[tuple[str, ToolResult]]) -> Iterator[Problem]:
    """Calls without a result, results without a call, more than one, or another order."""
    answered = [result.tool_use_id for _, result in results]
    for path, result in results:
        if result.tool_use_id not in called:
            yield Problem(path, f"unexpected `tool_use_id` found in `tool_result` blocks: {result.tool_use_id}")
    for tool_use_id, count in Counter(answered).items():
        if count > 1:
            yield Problem(f"messages.{at}", f"each tool_use must have a single result: {tool_use_id} has {count}")
    if missing := [tool_use_id for tool_use_id in called if tool_use_id not in answered]:
        message = "`tool_use` ids were found without `tool_result` blocks immediately after: " + ", ".join(missing)
        yield Problem(f"messages.{at}", message)
    elif list(dict.fromkeys(answered)) != called:
        yield Problem(f"messages.{at}", "`tool_result` blocks must be in the order of their `tool_use` blocks")


def _results_not_first(messages: Sequence[Message], at: int) -> Iterator[Problem]:
    other = False
    for index in range(at, len(messages)):
        message = messages[index]
        if message.role != "user":
            return
        for block in [Text(type="text", text="-")] if isinstance(message.content, str) else message.content:
            if isinstance(block, ToolResult) and other:
                yield Problem(f"messages.{index}", "`tool_result` blocks must come before all other content")
                return
            other = other or not isinstance(block, ToolResult)


def _wrong_result(path: str, call: ToolUse, result: ToolResult) -> Iterator[Problem]:
    if result.toolset_name != call.toolset_name:
        message = f"must be {call.toolset_name!r}, as in the tool_use, not {result.toolset_name!r}"
        yield Problem(f"{path}.toolset_name", message)
    if result.is_error and not result.content:
        yield Problem(f"{path}.content", "content cannot be empty if `is_error` is true")
    if call.toolset_name is None:
        return
    shows = isinstance(result.content, list) and any(isinstance(block, Image) for block in result.content)
    if call.name in SHOWING and not shows and not result.is_error:
        yield Problem(f"{path}.content", f"the result of {call.name} must hold an image")


def _wrong_halt(paired: list[tuple[str, ToolUse, ToolResult]]) -> Iterator[Problem]:
    """Actions after one that failed are not carried out, and say so; only they do."""
    failed = False
    for path, call, result in paired:
        if call.toolset_name is None and call.name == "computer" and not result.is_error:
            yield Problem(path, "a call named computer is malformed and must be answered with an error")
        if call.toolset_name is not None:
            yield from _halt(path, result, failed=failed)
        if call.toolset_name is not None or call.name == "computer":
            failed = failed or result.is_error


def _halt(path: str, result: ToolResult, *, failed: bool) -> Iterator[Problem]:
    halted = text_of(result) == HALTED
    if failed and not (halted and result.is_error):
        yield Problem(path, f"an earlier computer action failed: the result must be an error that says {HALTED!r}")
    if halted and not failed:
        yield Problem(path, "the result says that an earlier action failed, but none did")


def text_of(result: ToolResult) -> str:
    """The text of a result."""
    if isinstance(result.content, str):
        return result.content
    return "\n".join(block.text for block in result.content or [] if isinstance(block, Text))
