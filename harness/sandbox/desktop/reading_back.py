"""What became of a text that was typed, asked of the program that took it.

A program may rightly make something else of a text: correct it, cut it, send it. So this reports what is there and
judges nothing: what stands now between where the caret was and where it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import Literal, NamedTuple, TypeAlias
from unicodedata import east_asian_width

from harness.errors import AccessibilityFailed, NodeRefused, NoSuchNode
from harness.sandbox.desktop.accessibility import Accessibility
from sandbox_image.wire import MAX_TEXT, Effect, Node, NodeFocus, NodeText, Settle

Verdict: TypeAlias = Literal["exact", "differs", "unknown"]

LOOKS = 4
"""Programs may tell a moment late: they are asked so often in all, again after a change of the screen."""
AGAIN = Settle(first_ms=250, limit_ms=500)
_CHILD = "\ufffc"  # stands in a text where another node is
_BEFORE, _AFTER = 20, 40  # characters that are shown around the first difference
_NOTHING = NodeFocus(node=None, text=None)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a program says of a text that was typed into it. As a string it is a sentence.

    `verdict` is `exact` where the text stands there as it was typed, `differs` where something else does, and
    `unknown` where that cannot be told: `reason` says why. `found` is what stands there, as far as it is told; `node`
    is what the text went to; `effect` what changed on the screen.
    """

    effect: Effect
    typed: str
    verdict: Verdict
    found: str | None = None
    reason: str = ""
    node: Node | None = None

    @property
    def exact(self) -> bool:
        """Whether the text is known to stand there as it was typed."""
        return self.verdict == "exact"

    def __str__(self) -> str:
        match self.verdict:
            case "exact":
                return "the text stands there as it was typed"
            case "differs":
                typed, found = _shown(self.typed, self.found or "")
                return f"typed was {typed}, and what stands there is {found}"
            case "unknown":
                return f"whether the text stands there as it was typed cannot be told: {self.reason}"


class Told(NamedTuple):
    """What one look says."""

    verdict: Verdict
    found: str | None = None
    reason: str = ""


class ReadingBack:
    """One text: begun before it is typed, ended after it."""

    def __init__(self, nodes: Accessibility, before: NodeFocus) -> None:
        self._nodes = nodes
        self._before = before

    @classmethod
    async def begin(cls, nodes: Accessibility) -> ReadingBack:
        """Note where the text is to go."""
        return cls(nodes, await _focus(nodes))

    async def end(self, typed: str, effect: Effect) -> ReadBack:
        """What became of it."""
        text = re.sub(r"\r\n?", "\n", typed)
        node, told = await self._look(text)
        for _ in range(LOOKS - 1):
            if told.verdict != "differs":
                break
            await self._nodes.perform(settle=AGAIN)
            node, told = await self._look(text)
        return ReadBack(effect, typed, told.verdict, told.found, told.reason, node)

    async def _look(self, text: str) -> tuple[Node | None, Told]:
        focus = await _focus(self._nodes)
        node = self._before.node or focus.node
        if node is None:
            return None, Told("unknown", reason="no program tells what has the keyboard focus")
        stays = focus.node is not None and focus.node.ref == node.ref
        try:
            now = focus.text if stays and focus.text else await self._nodes.node_text(node)
            told = await self._compared(node, now, text)
        except NoSuchNode:
            told = Told("unknown", reason=f"{_named(node)} is gone")
        except (NodeRefused, AccessibilityFailed) as error:
            told = Told("unknown", reason=str(error))
        if told.verdict == "differs" and focus.node and not stays:
            told = Told("unknown", told.found, f"the focus went from {_named(node)} to {_named(focus.node)} meanwhile")
        return focus.node if stays else node, told

    async def _compared(self, node: Node, now: NodeText, text: str) -> Told:
        before = self._before.text
        if now.caret is None:
            return without_caret(text, before, node, now)
        start, end = _caret(before) if before else None, _caret(now) or 0
        found = "" if start is None else await self._piece(node, now, start, end)
        if found != text and (before is None or before.selection):  # programs count what is selected in odd ways
            tail = await self._piece(node, now, end - len(text.encode("utf-16")) // 2, end)
            found = text if tail.endswith(text) else found or tail
        if node.role == "terminal":
            return in_terminal(text, found, before, now)
        return in_field(text, found, node, now)

    async def _piece(self, node: Node, now: NodeText, start: int, end: int) -> str:
        """A part of a node's text. Some programs count in units that are not characters: those cut it themselves."""
        start = max(0, start)
        if len(now.text) == now.length:
            return now.text[start:end]
        size = min(end - start, MAX_TEXT)
        return (await self._nodes.node_text(node, start=start, limit=size)).text if size > 0 else ""


def in_field(text: str, found: str, node: Node, now: NodeText) -> Told:
    """Compare what was typed with what stands between where the caret was and where it is."""
    if _plain(found) in _taken(text, node):
        return Told("exact", found)
    if _CHILD in now.text:
        return Told("unknown", reason=f"{_named(node)} tells its text in pieces")
    if "\n" in text and not now.length:
        return Told("unknown", "", f"{_named(node)} is empty now: a line end may have sent what was in it")
    return Told("differs", found)


def without_caret(text: str, before: NodeText | None, node: Node, now: NodeText) -> Told:
    """The same where only the whole text is told, as of a field that lost the focus."""
    around = ("", "")
    if before and before.caret is not None:
        start, end = before.selection or (before.caret, before.caret)
        around = (before.text[:start], before.text[end:])
    for taken in _taken(text, node):
        if _plain(now.text) == _plain(taken.join(around)):
            return Told("exact", taken)
    return Told("unknown", reason=f"{_named(node)} does not tell where its caret is")


def in_terminal(text: str, found: str, before: NodeText | None, now: NodeText) -> Told:
    """The same where a program answers in between: the lines are looked for one after the other.

    A terminal tells what it shows, so places in it are others once it has scrolled.
    """
    at = (before and before.caret) or 0
    if before is None or now.text[:at] != before.text[:at]:
        found = now.text[: now.caret]
    parts = re.split(r"[\n\t]", text)  # a shell completes at a tab
    if _in_order([_unfilled(part) for part in parts], _unfilled(found)):
        return Told("exact", found)
    if not found:
        return Told("unknown", "", "the terminal shows nothing of it, as where a password is asked for")
    if len(parts) > 1:
        return Told("unknown", found, "the terminal shows something else by now")
    return Told("differs", found)


def _in_order(parts: list[str], found: str) -> bool:
    """Whether parts of a text stand one after the other, the last one at its end."""
    at = 0
    for part in parts[:-1]:
        place = found.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    return found[at:].endswith(parts[-1])


def _unfilled(text: str) -> str:
    """Where a wide character does not fit at the end of a line, a shell fills the line with a space."""
    pairs = zip_longest(text, text[1:], fillvalue="\0")
    return "".join(one for one, after in pairs if one != " " or east_asian_width(after) not in {"W", "F"})


def _caret(text: NodeText) -> int | None:
    """Where the next character goes: at the start of what is selected, which it replaces."""
    return min(text.selection) if text.selection else text.caret


def _taken(text: str, node: Node) -> tuple[str, ...]:
    """As which texts a node may take this one: where there is one line, Return and Tab at the end do something else."""
    return (_plain(text),) if "multi-line" in node.states else (_plain(text), _plain(text.rstrip("\n\t")))


def _plain(text: str) -> str:
    """Browsers keep a space at the end of a line as one that does not break."""
    return text.replace("\u00a0", " ")


def _shown(*texts: str) -> tuple[str, ...]:
    """Texts as they are quoted in a sentence: the same part of each, around the first difference."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(0, alike - _BEFORE)
    end = alike + _AFTER
    return tuple(f"{'…' * (start > 0)}{text[start:end]!r}{'…' * (end < len(text))}" for text in texts)


def _named(node: Node) -> str:
    return f"{node.role} '{node.name}' of {node.app}"


async def _focus(nodes: Accessibility) -> NodeFocus:
    try:
        return await nodes.focused()
    except (AccessibilityFailed, NoSuchNode):  # no bus, or the node went away while it was read
        return _NOTHING
