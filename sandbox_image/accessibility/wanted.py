"""What a node has to be, and whether it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox_image.accessibility import nodes
from sandbox_image.channel import Fault

if TYPE_CHECKING:
    from sandbox_image.accessibility.bus import Bus, Ref

_LONGEST = 1_000_000  # characters of one node's text that are searched


class Wanted(NamedTuple):
    """Everything that is given has to be so; words are compared folded."""

    role: str | None
    name: str | None
    name_regex: re.Pattern[str] | None
    text: str | None
    states: frozenset[str]

    @classmethod
    def of(cls, query: dict[str, Any], *, hidden: bool) -> Wanted:
        """From the wire; raises Fault where the regular expression is none."""
        try:
            regex = re.compile(query["name_regex"]) if query["name_regex"] else None
        except re.error as error:
            raise Fault("malformed", f"name_regex {query['name_regex']!r}: {error}") from None
        role, name, text = (fold(query[key]) if query[key] else None for key in ("role", "name", "text"))
        return cls(role, name, regex, text, frozenset(query["states"]) | (set() if hidden else {"showing"}))

    async def fits(self, bus: Bus, ref: Ref) -> bool:
        """Whether role, name and text are as wanted; the states were compared before."""
        if self.role and fold(await nodes.role(bus, ref)) != self.role:
            return False
        if self.name or self.name_regex:
            name = await nodes.name(bus, ref)
            if self.name and fold(name) != self.name:
                return False
            if self.name_regex and not self.name_regex.search(name):
                return False
        return not self.text or self.text in fold((await nodes.text(bus, ref, 0, _LONGEST)).text)


def fold(text: str) -> str:
    """Text as it is compared: case and runs of space do not count."""
    return " ".join(text.casefold().split())
