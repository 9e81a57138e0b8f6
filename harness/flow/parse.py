"""A flow file to a `Flow`: everything that is wrong with it is told at once, each with its place."""

from __future__ import annotations

import os
import typing
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.flow.load import Address, Data, Document, parse_document, read_document
from harness.flow.parts import Part
from harness.flow.plan import Flow, Step
from harness.flow.schema import KINDS, Common, ExpectStep, Phase, PutStep, Top, TypeStep, Variable
from harness.flow.variables import Scope, resolve

SUFFIX = ".flow.yaml"
P = TypeVar("P", bound=Part)
_PHASES: tuple[Phase, ...] = ("setup", "steps", "cleanup")
_ABBREVIATED = 60
_MUST = {
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "string_pattern_mismatch": "must be a short file name of letters, digits, spaces, dots, hyphens and underscores",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "tuple_type": "must be a list",
}
"""What pydantic's types of errors mean in a flow; the others it words well itself."""


def load(
    path: Path,
    given: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    complete: bool = True,
) -> Flow:
    """Read a flow file. Raises FlowError that names every problem.

    `given` are values of variables from the command line. Without `complete`, variables may lack a value: to
    check a file where its secrets are not at hand.
    """
    return _Reader(read_document(path)).flow(given or {}, os.environ if environment is None else environment, complete)


def loads(source: str, path: Path = Path("flow.yaml"), given: Mapping[str, str] | None = None) -> Flow:
    """As `load`, from text; files named in it are looked for beside `path`."""
    return _Reader(parse_document(source, path)).flow(given or {}, os.environ, complete=True)


class _Reader:
    """Reads one document and collects its problems."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def flow(self, given: Mapping[str, str], environment: Mapping[str, str], complete: bool) -> Flow:  # noqa: FBT001
        """The flow; raises FlowError for all problems together."""
        data = self._document.data
        if not isinstance(data, dict):
            self._document.problem((), "a flow is a mapping that begins with `harness: 1`")
            self._document.check()
        assert isinstance(data, dict)  # noqa: S101 - for the type checker; check() raised
        scope = resolve(self._document, self._variables(data.get("vars")), given, environment, complete=complete)
        filled = {key: value if key == "vars" else scope.fill(value, (key,)) for key, value in data.items()}
        top = self._part(Top, filled, (), scope)
        phases = {phase: self._steps(filled.get(phase), phase, scope) for phase in _PHASES}
        self._document.check()
        assert top is not None  # noqa: S101 - the same
        return Flow(
            path=self._document.path,
            source=self._document.source,
            name=top.name,
            tags=top.tags,
            screen=top.desktop.screen,
            apps=top.desktop.apps,
            defaults=top.defaults,
            timeout=top.timeout,
            variables=tuple(scope.declared),
            secrets=scope.secrets,
            **phases,
        )

    def _variables(self, data: Data) -> dict[str, Variable]:
        """Declarations that can be read; the others are told about when the whole is validated."""
        declared = {}
        for name, value in data.items() if isinstance(data, dict) else ():
            try:
                declared[name] = Variable.model_validate(value)
            except ValidationError:
                declared[name] = Variable(default="")
        return declared

    def _steps(self, data: Data, phase: Phase, scope: Scope) -> tuple[Step, ...]:
        items = data if isinstance(data, tuple) else ()
        read = (self._step(item, phase, index, scope) for index, item in enumerate(items))
        return tuple(step for step in read if step)

    def _step(self, data: Data, phase: Phase, index: int, scope: Scope) -> Step | None:
        address: Address = (phase, index)
        kind = self._kind(data, address)
        if kind is None or not isinstance(data, dict):
            return None
        body = self._part(KINDS[kind], data[kind], (*address, kind), scope)
        common = self._part(Common, {k: v for k, v in data.items() if k != kind}, address, scope, (*KINDS, kind))
        if body is None or common is None:
            return None
        secret = any(where[:2] == address for where in scope.secret_at)
        self._check(body, common, (*address, kind), secret=secret)
        line = self._document.mark(address).line
        return Step(
            id=f"{phase}.{index + 1}",
            phase=phase,
            kind=kind,
            body=body,
            common=common,
            line=line,
            source=self._lines(line, self._document.ends.get(address, line)),
            secret=secret,
        )

    def _kind(self, data: Data, address: Address) -> str | None:
        """The one key of a step that says what to do."""
        if not isinstance(data, dict):
            self._document.problem(address, f"a step is a mapping such as `click: Save`; found {_abbreviated(data)}")
            return None
        kinds = [key for key in data if key in KINDS]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            self._document.problem(
                (*address, kinds[1]), f"a step does one thing; found {' and '.join(kinds)}: make two steps", at_key=True
            )
            return None
        unknown = [key for key in data if key not in Common.model_fields]
        if unknown:
            self._document.problem((*address, unknown[0]), _unknown("step", unknown[0], KINDS), at_key=True)
        else:
            self._document.problem(address, f"the step does nothing; give one of {', '.join(KINDS)}")
        return None

    def _check(self, body: Part, common: Common, address: Address, *, secret: bool) -> None:
        """What the models cannot see: other keys of the step, files beside the flow."""
        if isinstance(body, ExpectStep) and body.timeout is not None and common.timeout is not None:
            self._document.problem((*address, "timeout"), "timeout is given twice for one step", at_key=True)
        if isinstance(body, TypeStep) and body.read_back and secret:
            self._document.problem((*address, "read_back"), "a secret is never read back; leave it out", at_key=True)
        if isinstance(body, PutStep) and not (self._document.path.parent / body.source).exists():
            folder = self._document.path.parent
            self._document.problem((*address, "from"), f"there is no {body.source} in the flow's folder {folder}")

    def _part(
        self, kind: type[P], data: Data | dict[str, Data], address: Address, scope: Scope, others: Iterable[str] = ()
    ) -> P | None:
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._explain(kind, detail, address, scope, tuple(others))
        return None

    def _explain(
        self, kind: type[Part], detail: ErrorDetails, address: Address, scope: Scope, others: tuple[str, ...]
    ) -> None:
        where = (*address, *detail["loc"])
        if any(where[: len(blank)] == blank or blank[: len(where)] == where for blank in scope.open_at):
            return  # told already, or a value that is not known yet
        name = str(detail["loc"][-1]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            allowed = (*_fields(kind, detail["loc"][:-1]), *others)
            beside = len(where) > len(("steps", 0, "click")) and name in Common.model_fields
            told = f"'{name}' stands beside '{where[2]}', not in it" if beside else _unknown("key", name, allowed)
            self._document.problem(where, told, at_key=True)
        elif detail["type"] == "missing":
            self._document.problem(where[:-1], f"the key '{name}' is missing")
        else:
            known = _MUST.get(detail["type"], "")
            text = known.format(**detail.get("ctx", {})) or detail["msg"].removeprefix("Value error, ")
            found = "" if detail["type"] == "value_error" else f"; found {_abbreviated(detail['input'])}"
            self._document.problem(where, f"{_label(where)}: {text[:1].lower()}{text[1:]}{found}")

    def _lines(self, first: int, end: int) -> str:
        """Source lines of a step, without the blank lines and comments that follow it."""
        lines = self._document.source.splitlines()[first - 1 : max(first, end)]
        while len(lines) > 1 and lines[-1].strip()[:1] in {"", "#"}:
            lines.pop()
        return "\n".join(lines)


def _unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    names = list(dict.fromkeys(allowed))
    if what == "step" and name in {"sleep", "wait"}:
        return f"unknown {what} '{name}'; nothing sleeps: `expect` waits until something is so"
    close = get_close_matches(name, names, 1, cutoff=0.6)
    hint = f"did you mean '{close[0]}'?" if close else f"allowed: {', '.join(names)}"
    return f"unknown {what} '{name}'; {hint}"


def _label(address: Address) -> str:
    """The nearest key by name: `settle`, not `steps.3.click.settle`: the line and column say the rest."""
    return next((part for part in reversed(address) if isinstance(part, str)), "flow")


def _abbreviated(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= _ABBREVIATED else f"{text[:_ABBREVIATED]}…"


def _fields(kind: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Names allowed in the mapping at `loc`, seen from a model."""
    model: type[BaseModel] | None = kind
    for part in loc:
        if model is None:
            return ()
        found = next((f for n, f in model.model_fields.items() if part in {n, f.alias}), None)
        model = _model_in(found.annotation) if found else model  # a key of a dict of models, or an index
    return tuple(field.alias or name for name, field in model.model_fields.items()) if model else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model a field holds, through Optional, tuple and dict."""
    if inner := typing.get_args(annotation):
        return next((model for part in inner if (model := _model_in(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
