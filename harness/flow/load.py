"""YAML 1.2 text to plain data, with the line and column of every value and key kept.

Nothing is constructed but text, numbers, booleans, null, tuples and dicts. What cannot be told apart later
(keys given twice, tags, keys that are no text) becomes a problem here; the rest is for `parse.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.errors import FlowError

Data: TypeAlias = "str | int | float | bool | tuple[Data, ...] | dict[str, Data] | None"
Address: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top, as pydantic's `loc`."""

MAX_BYTES = 1_000_000
MAX_NODES = 50_000  # aliases make a small file large
_TAG = "tag:yaml.org,2002:"
_HINTS = {
    "'\\t' that cannot start": "; indent with spaces, not with tabs",
    "mapping values are not allowed": "; put a text that holds a colon in quotes",
    "expected <block end>": "; keys of one mapping begin in the same column",
    "another document": "; a file holds one flow: make it two files",
}
"""What is meant, for what the parser says about the usual slips."""
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; both count from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong at a place."""

    mark: Mark
    message: str


@dataclass
class Document:
    """A file's data and where each part of it stands."""

    path: Path
    source: str
    data: Data = None
    values: dict[Address, Mark] = field(default_factory=dict)
    keys: dict[Address, Mark] = field(default_factory=dict)
    ends: dict[Address, int] = field(default_factory=dict)  # last line of a value
    problems: list[Problem] = field(default_factory=list)

    def problem(self, address: Address, message: str, *, at_key: bool = False) -> None:
        """Note a problem at a value, at its key, or at the nearest value above that the file has."""
        self.problems.append(Problem(self.mark(address, at_key=at_key), message))

    def mark(self, address: Address, *, at_key: bool = False) -> Mark:
        """Where a value, or its key, stands; where there is none, the nearest one above."""
        if at_key and address in self.keys:
            return self.keys[address]
        while address and address not in self.values:
            address = address[:-1]
        return self.values.get(address, Mark(1, 1))

    def check(self) -> None:
        """Raise FlowError that tells all problems, in the order of the file."""
        if self.problems:
            raise flow_error(self.path, self.problems)


def flow_error(path: Path, problems: list[Problem]) -> FlowError:
    """One error for all problems: a line each, `file:line:column: message`."""
    unique = dict.fromkeys(sorted(problems))
    return FlowError("\n".join(f"{path}:{p.mark.line}:{p.mark.column}: {_one_line(p.message)}" for p in unique))


def _one_line(message: str) -> str:
    """A message quotes the file: what does not print there is shown as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)


def read_document(path: Path) -> Document:
    """Read a file. Raises FlowError where it cannot be read or is no YAML; other problems are kept in the document."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise flow_error(path, [Problem(Mark(1, 1), f"cannot be read: {error.strerror or error}")]) from None
    if len(content) > MAX_BYTES:
        raise flow_error(path, [Problem(Mark(1, 1), f"has {len(content)} bytes; a flow has at most {MAX_BYTES}")])
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode().split("\n")
        mark = Mark(len(before), len(before[-1]) + 1)
        raise flow_error(path, [Problem(mark, "is not UTF-8 here; save the file as UTF-8")]) from None
    return parse_document(source, path)


def parse_document(source: str, path: Path) -> Document:
    """As `read_document`, for text that is at hand; `path` is for messages and for files named in the flow."""
    document = Document(path, source)
    try:
        root = YAML(typ="rt", pure=True).compose(source)
        if root is not None:
            document.data = _Builder(document).build(root, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        told = str(error.problem or error.context)
        hint = next((hint for part, hint in _HINTS.items() if part in told), "")
        raise flow_error(path, [Problem(where, f"no valid YAML: {told}{hint}")]) from None
    except YAMLError as error:
        raise flow_error(path, [Problem(Mark(1, 1), f"no valid YAML: {' '.join(str(error).split())}")]) from None
    except (RecursionError, OverflowError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        # Deep nesting ends in RecursionError; the others are what the parser raises on some malformed input.
        raise flow_error(path, [Problem(Mark(1, 1), f"no valid YAML: {type(error).__name__}: {error}")]) from None
    return document


class _Builder:
    """Turns parsed nodes into data and notes where they stand."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: set[int] = set()  # nodes being built: one met again holds itself
        self._count = 0

    def build(self, node: Node, address: Address) -> Data:
        self._document.values[address] = _mark(node)
        self._document.ends[address] = node.end_mark.line
        self._count += 1
        if self._count > MAX_NODES or id(node) in self._open:
            self._document.problem(address, f"an alias that holds itself, or more than {MAX_NODES} values")
            self._document.check()  # nothing that follows from it is worth telling
        self._open.add(id(node))
        try:
            return self._construct(node, address)
        finally:
            self._open.discard(id(node))

    def _construct(self, node: Node, address: Address) -> Data:
        if isinstance(node, MappingNode):
            return self._mapping(node, address)
        if isinstance(node, SequenceNode):
            return tuple(self.build(item, (*address, index)) for index, item in enumerate(node.value))
        return self._scalar(node, address)

    def _mapping(self, node: MappingNode, address: Address) -> dict[str, Data]:
        built: dict[str, Data] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._document.problems.append(Problem(_mark(key_node), "a key is one word of text"))
                continue
            key, where = str(key_node.value), (*address, str(key_node.value))
            if key in built:
                first = self._document.keys[where]
                self._document.problems.append(
                    Problem(_mark(key_node), f"the key '{key}' is given twice; first in line {first.line}")
                )
                continue
            self._document.keys[where] = _mark(key_node)
            built[key] = self.build(value_node, where)
            if value_node.start_mark.index == value_node.end_mark.index:  # nothing there: the parser says further down
                self._document.values[where] = self._document.keys[where]
        return built

    def _scalar(self, node: Node, address: Address) -> Data:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        match tag:
            case "str" | "timestamp" | "merge":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if _INTEGER.fullmatch(text):
                return int(text, 10) if text.lstrip("+-").isdigit() else int(text, 0)
            case "int" | "float":
                return _number(text)
            case _:
                self._document.problem(address, f"the tag {node.tag} means nothing here; leave it out")
                return text


def _number(text: str) -> float | str:
    """A float; text where YAML's resolver and Python disagree on what a number is."""
    try:
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
