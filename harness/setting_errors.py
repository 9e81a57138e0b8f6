"""What is wrong with settings, in words: where, what was found, what is allowed. Values that may be secret stay out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import UsageError
from harness.model.reach import KEYS_ONLY_FROM_ENVIRONMENT
from harness.setting_sources import PREFIX, Table, contents, files

Place: TypeAlias = tuple[int | str, ...]
_KEYLIKE = re.compile(r"(^|[_-])(api_?key|key|token|secret|password|credentials?)$", re.IGNORECASE)
_LONGEST = 60
NEAR = 0.8
"""How alike two names of variables are, of which one is taken for a slip of the other."""


def misspelt(settings: type[BaseModel], environ: Mapping[str, str] = os.environ) -> None:
    """Raise UsageError for a variable that is nearly one of ours. Others that begin alike are not ours to judge."""
    known = [PREFIX + name.upper() for name in settings.model_fields]
    for name in environ:
        first = name.partition("__")[0]
        if name.startswith(PREFIX) and first not in known and (near := get_close_matches(first, known, 1, NEAR)):
            raise UsageError(f"{name}: there is no such setting; did you mean {near[0]}{name[len(first) :]}?")


@dataclass(frozen=True, slots=True)
class Problems:
    """Finds the words for what pydantic tells of settings."""

    settings: type[BaseModel]
    given: Table

    def told(self, error: ValidationError) -> str:
        """All that is wrong, a line each."""
        return "\n".join(self._one(one) for one in error.errors(include_url=False))

    def _one(self, one: ErrorDetails) -> str:
        place = one["loc"]
        where = f"{self._origin(place)}{'.'.join(map(str, place))}"
        if one["type"] == "extra_forbidden":
            return f"{where}: {self._unknown(place)}"
        wrong = one["msg"].removeprefix("Value error, ")
        if one["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", one["msg"])
            wrong = f"allowed: {', '.join(allowed)}{_meant(str(one['input']), allowed)}"
        return f"{where}: {self._found(place, one['input'])}{wrong[:1].lower()}{wrong[1:]}"

    def _unknown(self, place: Place) -> str:
        name = str(place[-1])
        if _KEYLIKE.search(name):
            return f"there is no such setting; {KEYS_ONLY_FROM_ENVIRONMENT}"
        names = self._names(place[:-1])
        return f"there is no such setting{_meant(name, names)}; there are: {', '.join(names)}"

    def _names(self, place: Place) -> Sequence[str]:
        """What may stand at a place."""
        kind = self.settings
        for part in place:
            field = kind.model_fields.get(str(part))
            kind = next(_models(field.annotation), kind) if field else kind  # else a number or name of one of several
        return list(kind.model_fields)

    def _found(self, place: Place, value: object) -> str:
        secret = place[0] == "api" and len(place) > 1 and place[1] in ("headers", "proxy", "base_url")
        if secret or isinstance(value, Mapping | BaseModel):
            return ""
        shown = repr(value)
        return f"found {shown if len(shown) <= _LONGEST else f'{shown[:_LONGEST]}…'}; "

    def _origin(self, place: Place) -> str:
        """The file or the variable that has what stands at a place."""
        if _has(self.given, place):
            return ""
        for length in range(len(place), 0, -1):
            variable = PREFIX + "__".join(map(str, place[:length])).upper()
            if variable in os.environ:
                return f"{variable}: "
        return next((f"{path}: " for path in files() if _has(contents(path) or {}, place)), "")


def _has(told: Any, place: Place) -> bool:
    for part in place:
        items: Any = dict(enumerate(told)) if isinstance(told, list) else told
        if isinstance(items, Mapping) and part in items:
            told = items[part]
        else:
            return not isinstance(told, Mapping | list)  # pydantic goes deeper where a value may be of several kinds
    return True


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _meant(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else ""
