"""Secrets by name: the model writes `{secret:NAME}` where it wants one typed, and never sees the value.

Values are put in on the way to the desktop, and taken out of every text on the way back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import UsageError
from harness.events import MASK

_NAMED = re.compile(r"\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")
_LEAST = 4
"""Characters of the shortest line of a longer secret that is taken out: shorter ones are everywhere."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Values by name."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def reveal(self, text: str) -> str:
        """The text with values in place of names. Raises UsageError for a name nobody gave."""
        return _NAMED.sub(self._value, text)

    def redact(self, text: str) -> str:
        """The text without any value, nor any longer line of one."""
        for hidden in self._hidden():
            text = text.replace(hidden, MASK)
        return text

    def _value(self, named: re.Match[str]) -> str:
        if named[1] not in self.values:
            known = ", ".join(sorted(self.values)) or "none"
            raise UsageError(f"there is no secret {named[1]!r}; there are: {known}")
        return self.values[named[1]]

    def _hidden(self) -> list[str]:
        """Longest first, so that none leaves a part of another."""
        lines = {line for value in self.values.values() for line in value.splitlines() if len(line) >= _LEAST}
        return sorted({*filter(None, self.values.values()), *lines}, key=lambda value: (-len(value), value))
