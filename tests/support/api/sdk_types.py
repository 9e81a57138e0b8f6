"""A second opinion: the body against the parameter types of the installed SDK, closed.

The SDK's own dictionaries are open, their lists are iterables, which pydantic reads lazily, and response objects may
stand where parameters go. So copies are made: closed, with lists, and of what JSON can hold alone.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from anthropic.types.beta.message_count_tokens_params import MessageCountTokensParams as BetaCounting
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming as BetaWhole
from anthropic.types.beta.message_create_params import MessageCreateParamsStreaming as BetaStreaming
from anthropic.types.message_count_tokens_params import MessageCountTokensParams as Counting
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming as Whole
from anthropic.types.message_create_params import MessageCreateParamsStreaming as Streaming
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from tests.support.api.problems import Json, Problem

_LISTS = frozenset({collections.abc.Iterable, collections.abc.Sequence, list})
_PLAIN = frozenset({str, int, float, bool, NoneType, None, object, Any, dict, list})
_CLOSED = ConfigDict(extra="forbid", strict=True)
_TYPES = {
    ("plain", "counting"): Counting,
    ("plain", "whole"): Whole,
    ("plain", "streaming"): Streaming,
    ("beta", "counting"): BetaCounting,
    ("beta", "whole"): BetaWhole,
    ("beta", "streaming"): BetaStreaming,
}


def second_opinion(body: Json, namespace: str, kind: str) -> Iterator[Problem]:
    """What the SDK's types have against a body: the error that lies deepest.

    `namespace` is plain or beta, `kind` is streaming, whole or counting.
    """
    try:
        _adapter(namespace, kind).validate_python(body)
    except ValidationError as error:
        worst = max(error.errors(), key=lambda one: len(one["loc"]))
        where = ".".join(str(step) for step in worst["loc"])
        yield Problem("", f"the types of the SDK do not take the body: {where}: {worst['msg']}")


@cache
def _adapter(namespace: str, kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_closed(_TYPES[namespace, kind]))


def _closed(kind: Any) -> Any:
    """The same type, closed; None where JSON cannot hold it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Annotated, Required, NotRequired}:
        return _closed(arguments[0])
    inner = [member for member in map(_closed, arguments if origin is not Literal else ()) if member is not None]
    if origin in {Union, UnionType}:
        return Union[tuple(inner)] if inner else None  # noqa: UP007 - made at run time
    if origin in _LISTS | {dict}:
        return (dict if origin is dict else list).__class_getitem__(tuple(inner))
    if is_typeddict(kind):
        return _dictionary(kind)
    return kind if origin is Literal or kind in _PLAIN else None


@cache
def _dictionary(kind: Any) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    says_so = any(_is_required(hint) for hint in hints.values())
    fields = {name: _field(hint, required=kind.__total__ and not says_so) for name, hint in hints.items()}
    made: Any = TypedDict(kind.__name__, {name: field for name, field in fields.items() if field}, total=True)  # type: ignore[misc] # made at run time
    own = getattr(kind, "__pydantic_config__", {})
    made.__pydantic_config__ = {**_CLOSED, **own}  # type: ignore[attr-defined] # where pydantic looks
    return made


def _is_required(hint: Any) -> bool:
    """Whether a field is marked as one that must be there."""
    origin: Any = get_origin(hint)
    return origin is Required


def _field(hint: Any, *, required: bool) -> Any:
    closed = _closed(hint)
    if closed is None:
        return None
    needed = required or _is_required(hint)
    return Required[closed] if needed else NotRequired[closed]
