"""From bytes to a request, or to what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.api.access import betas_of, denied, wrong_headers
from tests.support.api.models import Model
from tests.support.api.pictures import look
from tests.support.api.problems import Json, Problem
from tests.support.api.reading import Request, read
from tests.support.api.shapes import Asked, Counted

MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Arrived:
    """What came in over HTTP."""

    number: int
    headers: Mapping[str, str]
    body: bytes


def receive(
    arrived: Arrived,
    shape: type[Counted],
    models: Mapping[str, Model],
    *,
    keys: frozenset[str] | None,
    knows: Callable[[Json], bool],
) -> Request | list[Problem]:
    """The request, if all that can be told of it alone is right. Pictures are looked at where a model will."""
    betas = betas_of(arrived.headers)
    if refused := _turned_away(arrived, betas, keys):
        return refused
    body = _parsed(arrived.body)
    asked = [body] if isinstance(body, Problem) else read(body, shape, knows)
    if not isinstance(asked, Counted):
        return asked
    model = models.get(asked.model)
    if model is None:
        return [Problem("model", asked.model, status=404)]
    pictures, unreadable = look(body)
    if unreadable and shape is Asked:
        return unreadable
    return Request(arrived.number, arrived.headers, betas, body, asked, model, pictures)


def _turned_away(arrived: Arrived, betas: frozenset[str], keys: frozenset[str] | None) -> list[Problem]:
    """What is wrong before the body is read."""
    if len(arrived.body) > MOST_BYTES:
        return [Problem("", "Request exceeds the maximum size of 32 MB", status=413)]
    return list(denied(arrived.headers, keys)) or list(wrong_headers(arrived.headers, betas))


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_number)
    except ValueError as error:
        return Problem("", f"The request body is not valid JSON: {error}")
