"""Values a flow writes as text: spans of time, patterns of text, places, screens."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from harness.text import Pattern, fold
from sandbox_image.wire import MAX_COORDINATE, Region, ScreenPoint, Size

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SCREEN = re.compile(r"(\d{1,5})x(\d{1,5})")
LONGEST = 3600.0


def parse_pattern(value: object) -> Pattern:
    """A pattern from what the file says. Raises ValueError that says why not."""
    value = _quoted(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text; found {_shown(value)}")  # noqa: TRY004 - pydantic takes ValueError
    if len(value) > 2 and value[0] == value[-1] == "/":  # noqa: PLR2004 - two slashes and something between
        try:
            return Pattern(value, re.compile(value[1:-1], re.IGNORECASE))
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{value} is no regular expression: {error}") from None
    if not fold(value):
        raise ValueError("must be more than space")
    return Pattern(value)


def parse_span(value: object) -> float:
    """Seconds from `750ms`, `5s`, `2m` or `1h`. Raises ValueError."""
    if isinstance(value, str) and (match := _SPAN.fullmatch(value.strip())):
        seconds = float(match[1]) * _UNITS[match[2]]
        if seconds <= LONGEST:
            return seconds
        raise ValueError(f"{value} is too long; an hour is the most")
    hint = f"write {value}s or {value}ms" if isinstance(value, int | float) and not isinstance(value, bool) else ""
    raise ValueError(f"a span of time has a unit, such as 750ms, 5s or 2m; {hint or f'found {_shown(value)}'}")


def parse_plain(value: object) -> str | int | float | bool | None:
    """The value of a variable. Raises ValueError."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"must be text, a number, true or false; found {_shown(value)}")


def parse_point(value: object) -> ScreenPoint:
    """A pixel of the screen from `[x, y]`. Raises ValueError."""
    numbers = _numbers(value, 2, "a point is [x, y] in screen pixels")
    return ScreenPoint(x=numbers[0], y=numbers[1])


def parse_region(value: object) -> Region:
    """A rectangle from `[x, y, width, height]`. Raises ValueError."""
    numbers = _numbers(value, 4, "a region is [x, y, width, height] in screen pixels")
    if numbers[2] < 1 or numbers[3] < 1:
        raise ValueError(f"a region is at least one pixel wide and high; found {_shown(value)}")
    return Region(x=numbers[0], y=numbers[1], width=numbers[2], height=numbers[3])


def parse_screen(value: object) -> Size:
    """A size from `1280x800`. Raises ValueError."""
    match = _SCREEN.fullmatch(value.strip()) if isinstance(value, str) else None
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= width <= MAX_COORDINATE and 1 <= height <= MAX_COORDINATE):
        raise ValueError(f"a screen is WIDTHxHEIGHT in pixels, such as 1280x800; found {_shown(value)}")
    return Size(width=width, height=height)


def parse_modifiers(value: object) -> tuple[str, ...]:
    """Names of keys from `ctrl+shift` or `[ctrl, shift]`. Raises ValueError."""
    names = value.split("+") if isinstance(value, str) else value
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(f"modifiers are keys such as ctrl+shift; found {_shown(value)}")
    return tuple(name.strip() for name in names)


def _numbers(value: object, count: int, what: str) -> tuple[int, ...]:
    numbers = tuple(value) if isinstance(value, tuple | list) else ()
    if len(numbers) != count or not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise ValueError(f"{what}; found {_shown(value)}")
    if any(abs(number) > MAX_COORDINATE for number in numbers):
        raise ValueError(f"{what}; {_shown(value)} is beyond any screen")
    return numbers


def _shown(value: object, limit: int = 60) -> str:
    text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _sendable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character, which neither a keyboard nor a command line can carry")
    return text


class FilledInt(int):
    """A whole number that came from a variable: text where text is needed."""


class FilledFloat(float):
    """A number that came from a variable: text where text is needed."""


def _quoted(value: Any) -> Any:
    if isinstance(value, FilledInt | FilledFloat):
        return str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"must be text; put {value} in quotes")  # noqa: TRY004 - pydantic takes ValueError
    return value


Text: TypeAlias = Annotated[
    str, BeforeValidator(_quoted), Field(min_length=1, max_length=100_000), AfterValidator(_sendable)
]
Plain: TypeAlias = Annotated[str | int | float | bool | None, PlainValidator(parse_plain)]
TextPattern: TypeAlias = Annotated[Pattern, PlainValidator(parse_pattern)]
Span: TypeAlias = Annotated[float, PlainValidator(parse_span)]
Modifiers: TypeAlias = Annotated[tuple[str, ...], PlainValidator(parse_modifiers), Field(max_length=8)]
PointOnScreen: TypeAlias = Annotated[ScreenPoint, PlainValidator(parse_point)]
Rectangle: TypeAlias = Annotated[Region, PlainValidator(parse_region)]
ScreenSize: TypeAlias = Annotated[Size, PlainValidator(parse_screen)]
