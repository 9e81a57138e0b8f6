"""How large parts of a request are, before the API tells: by what is there to read, and by what is there to send."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import JsonValue


class Size(NamedTuple):
    """Of a message, in bytes: its words, and all of it with its pictures."""

    words: int
    weight: int


def words(value: JsonValue) -> int:
    """Bytes of all that is text; pictures are none."""
    match value:
        case str():
            return len(value) if value.isascii() else len(value.encode(errors="replace"))
        case {"type": "image"}:
            return 0
        case dict():
            return sum(map(words, value.values()))
        case list():
            return sum(map(words, value))
        case _:
            return 1


def weight(value: JsonValue) -> int:
    """About the bytes of its JSON, pictures in it."""
    match value:
        case str():
            return len(value) + 4
        case dict():
            return sum(len(key) + 4 + weight(inner) for key, inner in value.items())
        case list():
            return sum(map(weight, value))
        case _:
            return 5
