"""Rules on the tools that a request offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.support.api.problems import Problem
from tests.support.api.shapes import (
    MEMBERS,
    Auto,
    Computer,
    Custom,
    Editor,
    NewestEditor,
    OldEditor,
    OneTool,
    Toolset,
)

if TYPE_CHECKING:
    from tests.support.api.reading import Request


def wrong_tools(request: Request) -> Iterator[Problem]:
    """Tools this model does not take, or that do not go together."""
    yield from _not_of_this_model(request)
    yield from _doubled(request)
    for index, tool in enumerate(request.asked.tools):
        if isinstance(tool, Toolset):
            yield from _wrong_members(f"tools.{index}.configs", tool)
        if isinstance(tool, Custom):
            yield from _wrong_custom(f"tools.{index}", tool)


def _not_of_this_model(request: Request) -> Iterator[Problem]:
    model = request.model
    for index, tool in enumerate(request.asked.tools):
        takes: frozenset[str] | None = None
        if isinstance(tool, Computer | Toolset):
            takes = model.computers
        elif isinstance(tool, Editor | NewestEditor | OldEditor):
            takes = model.editors
        if takes is not None and tool.type not in takes:
            message = f"'{model.id}' does not support tool types: {tool.type}. Did you mean one of {_list(takes)}?"
            yield Problem(f"tools.{index}", message)


def _doubled(request: Request) -> Iterator[Problem]:
    names = Counter(tool.name if not isinstance(tool, Toolset) else tool.type for tool in request.asked.tools)
    for name, count in names.items():
        if count > 1:
            yield Problem("tools", f"tool names must be unique: {name} is there {count} times")
    if sum(isinstance(tool, Computer | Toolset) for tool in request.asked.tools) > 1:
        yield Problem("tools", "there is more than one computer tool")


def _wrong_members(path: str, tool: Toolset) -> Iterator[Problem]:
    if not tool.enabled:
        yield Problem(path, "at least one member must be enabled")
    if len({bool(tool.settings(member).defer_loading) for member in tool.enabled}) > 1:
        yield Problem(path, "defer_loading must be the same on every enabled member")


def _wrong_custom(path: str, tool: Custom) -> Iterator[Problem]:
    if tool.input_schema.get("type") != "object":
        yield Problem(f"{path}.custom.input_schema.type", "Input should be 'object'")
    if tool.strict:
        yield from loose_schema(f"{path}.custom.input_schema", tool.input_schema)


def wrong_choice(request: Request) -> Iterator[Problem]:
    """A choice of tools that cannot be had."""
    choice, tools = request.asked.tool_choice, request.asked.tools
    if choice is None:
        return
    if choice.type != "none" and not tools:
        yield Problem("tool_choice", "may only be specified while providing tools")
    if isinstance(choice, OneTool):
        yield from _wrong_name(choice.name, request)
    if isinstance(choice, OneTool) or (isinstance(choice, Auto) and choice.type == "any"):
        forced = request.model.forced_choice
        if forced == "refused":
            yield Problem("tool_choice.type", f"'{request.model.id}' does not support forced tool use")
        elif forced == "unless_thinking" and request.thinks:
            yield Problem("tool_choice.type", "thinking may not be enabled when tool_choice forces tool use")


def _wrong_name(name: str, request: Request) -> Iterator[Problem]:
    named = {tool.name for tool in request.asked.tools if not isinstance(tool, Toolset)}
    if name in named:
        return
    if name in MEMBERS or name.startswith("computer"):
        yield Problem("tool_choice.name", f"{name}: a toolset or its members cannot be chosen by name")
    else:
        yield Problem("tool_choice.name", f"tool '{name}' not found in provided tools")


UNSUPPORTED = frozenset({
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "maxItems", "uniqueItems", "oneOf"),
})  # fmt: skip


def loose_schema(path: str, schema: Any) -> Iterator[Problem]:
    """What a schema may not say where an answer is held to it."""
    if not isinstance(schema, dict):
        return
    for word in sorted(UNSUPPORTED & set(schema)):
        yield Problem(f"{path}.{word}", f"{word} is not supported")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield Problem(path, "for 'object' type, 'additionalProperties' must be explicitly set to false")
    for word in ("properties", "$defs"):
        for name, inner in (schema.get(word) or {}).items():
            yield from loose_schema(f"{path}.{word}.{name}", inner)
    for word in ("anyOf", "allOf"):
        for index, inner in enumerate(schema.get(word) or []):
            yield from loose_schema(f"{path}.{word}.{index}", inner)
    yield from loose_schema(f"{path}.items", schema.get("items"))


def _list(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
