"""What the verbs of `harness desktop` share: which desktop is meant, and how words become values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from harness.errors import UsageError
from harness.sandbox.ownership import runtime_root
from harness.sandbox.registry import Record, pick, records

T = TypeVar("T")
LEAST = 4
"""Digits of an id that stands before other words."""
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def meant(words: list[str]) -> tuple[Record, list[str]]:
    """The desktop meant among those that are up, and the words after it."""
    return split(records(runtime_root()), words)


def split(found: list[Record], words: list[str]) -> tuple[Record, list[str]]:
    """The desktop meant, and the words after it. The first word is an id where it begins one that is up.

    Ids are hexadecimal, as are `cd`, `df` and `dd`: here it takes `LEAST` digits to name a desktop.
    """
    if words and len(words[0]) >= LEAST and any(record.id.startswith(words[0]) for record in found):
        rest = words[1:]
        return pick(found, words[0]), rest[1:] if rest[:1] == ["--"] else rest
    return pick(found, None), words


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do what a verb does, in an event loop of its own."""
    with asyncio.Runner() as runner:
        return runner.run(work)


def read_as(parse: Callable[[object], Any], written: str) -> Any:
    """What was written, as a value. Raises UsageError where it is none."""
    try:
        return parse(written)
    except ValueError as error:
        raise UsageError(f"{error}; found {written!r}") from None
