"""Secrets by name: the model writes `{secret:NAME}` where it wants one typed, and never sees the value.

Values are put in on the way to the keyboard and nowhere else: a command's words could be read by any program of the
sandbox, and a file stays. They are taken out of every text on the way back, also where it shows them as JSON, in an
address, in base64 or quoted for a shell.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, quote_plus

from harness.errors import UsageError
from harness.events import MASK

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAMED = re.compile(rf"\{{secret:({_NAME})\}}")
_GIVEN = re.compile(rf"({_NAME})(?:=FILE:(.+))?")
_LEAST = 4
"""Characters of the shortest line of a longer secret that is taken out: shorter ones are everywhere."""
_ALIKE = 6
"""Bytes of the shortest secret whose base64 is taken out."""


@dataclass(frozen=True)
class Secrets:
    """Values by name."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    _typed: dict[str, None] = field(default_factory=dict, repr=False)

    def reveal(self, text: str) -> str:
        """The text with values in place of names. Raises UsageError for a name nobody gave.

        What only looks like a name, such as `{secret:}` or `{secret:a b}`, stays as it is.
        """
        told = _NAMED.sub(self._value, text)
        self._typed.update(dict.fromkeys(self.values[name] for name in _NAMED.findall(text)))
        return told

    def typed(self) -> tuple[str, ...]:
        """The values that were put in so far: the screen may show them."""
        return tuple(filter(None, self._typed))

    def assume_typed(self) -> None:
        """Take all for typed: who was at work before may have."""
        self._typed.update(dict.fromkeys(self.values.values()))

    def redact(self, text: str) -> str:
        """The text without any value, nor any longer line of one, in any of the forms that programs write."""
        return self._shown.sub(MASK, text) if self._shown else text

    def _value(self, named: re.Match[str]) -> str:
        if named[1] not in self.values:
            known = ", ".join(sorted(self.values)) or "none"
            raise UsageError(
                f"there is no secret {named[1]!r}; there are: {known}. To type these very words, type them in two parts"
            )
        return self.values[named[1]]

    @cached_property
    def _shown(self) -> re.Pattern[str] | None:
        """Longest first, so that none leaves a part of another."""
        lines = {line for value in self.values.values() for line in value.splitlines() if len(line) >= _LEAST}
        forms = {form for value in {*filter(None, self.values.values()), *lines} for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        return re.compile("|".join(map(re.escape, longest_first))) if forms else None


def secrets_given(told: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Values by name: each `NAME` is an environment variable, each `NAME=FILE:PATH` the content of a file.

    The line break at the end of a file is none of its secret. Raises UsageError for a name that is none, a variable
    or a file that is not there or empty, and for a value on the command line. No message tells a value.
    """
    return dict(_given(one, environ) for one in told)


def _given(told: str, environ: Mapping[str, str]) -> tuple[str, str]:
    match = _GIVEN.fullmatch(told)
    name = told.partition("=")[0]
    if match is None:
        if "=" in told:
            raise UsageError(
                f"--secret {name}=…: a value on the command line can be read by every user of this machine; set the "
                f"environment variable {name} and say --secret {name}, or say --secret {name}=FILE:PATH"
            )
        raise UsageError(f"--secret {name}: a name has letters, digits and _, and no digit first")
    value = _content(name, match[2]) if match[2] else environ.get(name)
    if not value:
        problem = "the file is empty" if match[2] else f"the environment variable {name} is not set, or is empty"
        raise UsageError(f"--secret {name}: {problem}")
    return name, value


def _content(name: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise UsageError(f"--secret {name}: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"--secret {name}: {path} is no text in UTF-8") from None


def _forms(value: str) -> Iterator[str]:
    """How programs write it: as it is, in Python, in JSON, in an address, in a page, for a shell, in base64."""
    yield value
    yield repr(value)[1:-1]
    for plain in (True, False):
        yield json.dumps(value, ensure_ascii=plain)[1:-1]
    for safe in ("", "/"):
        yield quote(value, safe=safe, errors="replace")
        yield quote_plus(value, safe=safe, errors="replace")
    yield html.escape(value)
    yield shlex.quote(value).removeprefix("'").removesuffix("'")
    data = value.encode(errors="replace")
    if len(data) >= _ALIKE:
        yield from (code(data).decode().rstrip("=") for code in (base64.b64encode, base64.urlsafe_b64encode))
        yield data.hex()
