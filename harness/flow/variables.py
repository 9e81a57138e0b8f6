"""`${name}` in a flow: where values come from, their types, and which of them are secrets.

A text that is nothing but `${name}` takes the value with its type; inside a longer text it is put in as text.
`${name:-other}` stands for `other` where the variable has no value; `$${name}` is a literal `${name}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

from harness.flow.load import Address, Data, Document
from harness.flow.schema import Variable
from harness.flow.values import FilledFloat, FilledInt

Value: TypeAlias = "str | int | float | bool"
_REFERENCE = re.compile(r"\$(\$?)\{([^{}]*)\}")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_BOOLEANS = {"true": True, "false": False}


@dataclass
class Scope:
    """The variables of one flow and their values; fills them into its data."""

    document: Document
    declared: Mapping[str, Variable]
    complete: bool  # a variable that is used without a value is a problem; else it stays open
    values: dict[str, Value] = field(default_factory=dict)
    secret_at: list[Address] = field(default_factory=list)  # where a secret was put in
    open_at: set[Address] = field(default_factory=set)  # where a value is missing: its type cannot be checked

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values to keep out of everything that is written down, longest first."""
        secret = {str(value) for name, value in self.values.items() if self.declared[name].secret}
        return tuple(sorted((value for value in secret if value), key=lambda value: (-len(value), value)))

    def fill(self, value: Data, address: Address) -> Data:
        """The same data with the variables' values in it. What cannot be filled in becomes a problem."""
        match value:
            case str():
                return self._text(value, address)
            case tuple():
                return tuple(self.fill(item, (*address, index)) for index, item in enumerate(value))
            case dict():
                return {key: self.fill(item, (*address, key)) for key, item in value.items()}
            case _:
                return value

    def _text(self, text: str, address: Address) -> Data:
        whole = _REFERENCE.fullmatch(text)
        if whole and not whole[1]:
            return _marked(self._value(whole[2], address))
        return _REFERENCE.sub(
            lambda found: found[0][1:] if found[1] else str(_spell(self._value(found[2], address))), text
        )

    def _value(self, reference: str, address: Address) -> Value:
        named = _NAME.fullmatch(reference)
        if not named or named[1] not in self.declared:
            self.document.problem(address, self._unknown(reference, named[1] if named else reference))
            self.open_at.add(address)
            return ""
        name, other = named[1], named[2]
        if self.declared[name].secret:
            self.secret_at.append(address)
        if name in self.values:
            return self.values[name]
        if other is None:
            self.open_at.add(address)
            self._missing(name)
        return other or ""

    def _missing(self, name: str) -> None:
        variable = self.declared[name]
        if self.complete:  # told at the declaration, once for all uses
            origin = f" or set {variable.env} in the environment" if variable.env else ""
            self.document.problem(("vars", name), f"the variable '{name}' has no value: give -v {name}=VALUE{origin}")

    def _unknown(self, reference: str, name: str) -> str:
        close = get_close_matches(name, self.declared, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"declared: {', '.join(self.declared) or 'none'}."
        return f"no variable '{name}' is declared under vars; {hint} For a literal text write $${{{reference}}}"


def resolve(
    document: Document,
    declared: Mapping[str, Variable],
    given: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    complete: bool,
) -> Scope:
    """Values of all variables that have one."""
    scope = Scope(document, declared, complete)
    for name, variable in declared.items():
        text = given.get(name, environment.get(variable.env) if variable.env else None)
        if text is not None:
            try:
                scope.values[name] = _typed(text, variable.default)
            except ValueError as error:
                document.problem(("vars", name), f"{name}: {error}")
        elif variable.default is not None:
            scope.values[name] = variable.default
    return scope


def _typed(text: str, default: Value | None) -> Value:
    """A value from outside in the type of the default. Raises ValueError."""
    match default:
        case bool():
            if text.lower() not in _BOOLEANS:
                raise ValueError("must be true or false")
            return _BOOLEANS[text.lower()]
        case int() | float():
            kind = type(default)
            try:
                return kind(text)
            except ValueError:
                raise ValueError(f"must be {'an integer' if kind is int else 'a number'}, as its default is") from None
        case _:
            return text


def _marked(value: Value) -> Value:
    match value:
        case bool() | str():
            return value
        case int():
            return FilledInt(value)
        case _:
            return FilledFloat(value)


def _spell(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
