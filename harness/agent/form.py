"""The form that a result is to have: what is asked of the API, and whether an answer has it.

A form is a JSON schema, or a type that pydantic knows, such as a model class. The API takes a part of JSON schema
only; what it leaves out goes into descriptions, and the answer is held against the whole of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic import JsonValue, PydanticUserError, TypeAdapter, ValidationError

from harness.errors import BadAnswer, UsageError
from harness.tools.call import Json

Given: TypeAlias = Json | type[Any]
_TOLD = 5
"""Problems of one answer that are told."""
CORRECT = (
    "Your answer does not have the form it must have: {problem}. Answer once more, with the whole result in that form."
)


@dataclass(frozen=True, slots=True)
class Form:
    """`schema` is as the API takes it."""

    schema: Json
    _check: Callable[[str], Any]

    def read(self, text: str) -> Any:
        """The result in an answer: JSON, or an instance of the type that was given. Raises BadAnswer with the text."""
        return self._check(text)


def form(given: Given) -> Form:
    """A form from a JSON schema or a type. Raises UsageError for one that cannot be."""
    return _of_schema(given) if isinstance(given, dict) else _of_type(given)


def read_schema(path: Path) -> Json:
    """A JSON schema from a file. Raises UsageError for a file that cannot be read, or has none."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}:{error.colno}: this is no JSON ({error.msg})") from None
    if not isinstance(told, dict):
        raise UsageError(f"{path}: a JSON schema is an object; found {type(told).__name__}")
    form(told)
    return told


def _of_type(given: type[Any]) -> Form:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(given)
        schema = adapter.json_schema()
    except PydanticUserError as error:
        raise UsageError(f"{given!r} cannot be the form of a result: {error.message}") from None

    def check(text: str) -> Any:
        try:
            return adapter.validate_json(text)
        except ValidationError as error:
            told = (f"{'.'.join(map(str, one['loc'])) or 'the result'}: {one['msg']}" for one in error.errors())
            raise _bad(told, text) from None

    return Form(_taken(schema), check)


def _of_schema(given: Json) -> Form:
    from jsonschema import FormatChecker, SchemaError  # noqa: PLC0415 - few runs want a form
    from jsonschema.validators import validator_for  # noqa: PLC0415 - the same
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - the same
    from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY  # noqa: PLC0415 - the same

    kind = validator_for(given)
    registry = EMPTY_REGISTRY.with_resource("", DRAFT202012.create_resource(given))  # nothing is fetched from anywhere
    try:
        kind.check_schema(given)
        for ref in _refs(given):
            registry.resolver().lookup(ref)
    except SchemaError as error:
        raise UsageError(f"the form of the result is no JSON schema: {error.json_path}: {error.message}") from None
    except Unresolvable as error:
        raise UsageError(f"the form of the result refers to {error.ref!r}, which is not in it") from None
    validator = kind(given, registry=registry, format_checker=FormatChecker())

    def check(text: str) -> JsonValue:
        try:
            value: JsonValue = json.loads(text, parse_constant=_no_number)
        except ValueError as error:
            raise _bad([f"it is no JSON ({error})"], text) from None
        if wrong := sorted(validator.iter_errors(cast("Any", value)), key=lambda error: error.json_path):
            raise _bad((f"{error.json_path}: {error.message}" for error in wrong), text)
        return value

    return Form(_taken(given), check)


def _taken(schema: Json) -> Json:
    """The schema as far as the API takes it."""
    from anthropic import transform_schema  # noqa: PLC0415 - few runs want a form, and the library is slow to load

    try:
        told: Json = transform_schema(_one_type_each(schema))
    except (ValueError, AssertionError, TypeError, AttributeError) as error:
        raise UsageError(f"the API takes no such form of a result: {error}") from None
    return told


def _one_type_each(value: Any) -> Any:
    """`{"type": ["string", "null"]}` in the words that the API takes."""
    if isinstance(value, list):
        return [_one_type_each(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {name: _one_type_each(one) for name, one in value.items()}
    types = told.get("type")
    if not isinstance(types, list):
        return told
    about = {name: told.pop(name) for name in ("title", "description") if name in told}
    return {**about, "anyOf": [{**told, "type": one} if one != "null" else {"type": one} for one in types]}


def _refs(value: JsonValue) -> Iterator[str]:
    match value:
        case list():
            for one in value:
                yield from _refs(one)
        case dict():
            if isinstance(ref := value.get("$ref"), str):
                yield ref
            for one in value.values():
                yield from _refs(one)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _bad(problems: Any, text: str) -> BadAnswer:
    told = list(problems)
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return BadAnswer(f"the result does not have its form: {'; '.join(told[:_TOLD])}{more}", text)
