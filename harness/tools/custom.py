"""Tools of one's own: a Python function with types and a docstring is all that a model needs to call it."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from pydantic import ConfigDict, JsonValue, ValidationError, create_model
from pydantic_core import to_jsonable_python

from harness.errors import HarnessError, UsageError
from harness.tools.call import Call, Json, Result


class FunctionTool:
    """A function as a tool: its name, its docstring as the description, its parameters as the input.

    It may be `async`; one that is not is called in a thread. What it returns is told as text, or as JSON where it is no
    text; what it raises is told as a failure. Raises UsageError for a function that a model could not call.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        if not inspect.isroutine(function):
            raise UsageError(f"a tool is a function with types and a docstring; found {function!r}")
        self.name = function.__name__
        self._function = function
        self._input = _model(function)

    @property
    def definition(self) -> Json:
        """What a request says of it."""
        schema: Json = self._input.model_json_schema()
        schema.pop("title", None)
        return {"name": self.name, "description": inspect.getdoc(self._function) or "", "input_schema": schema}

    async def do(self, call: Call) -> Result:
        """Call it; what goes wrong is in the result."""
        try:
            given = self._input.model_validate(call.input)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            return Result(f"{self.name}: {told}", failed=True)
        values = {name: getattr(given, name) for name in type(given).model_fields}
        try:
            return Result(_text(await self._called(values)))
        except Exception as error:  # noqa: BLE001 - whatever the function raises is the model's to read
            told = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
            return Result(f"{self.name} failed: {told}", failed=True)

    async def _called(self, values: dict[str, Any]) -> object:
        if inspect.iscoroutinefunction(self._function):
            work: Awaitable[object] = self._function(**values)
            return await work
        return await asyncio.to_thread(self._function, **values)


def _model(function: Callable[..., object]) -> Any:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise UsageError(f"{function.__name__}: a tool's parameters are named; {parameter} is not")
        if parameter.name not in hints:
            raise UsageError(f"{function.__name__}: {parameter.name} needs a type, which tells the model what to give")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    told: JsonValue = to_jsonable_python(value, fallback=str)
    return json.dumps(told, ensure_ascii=False)
