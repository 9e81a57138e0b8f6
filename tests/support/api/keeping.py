"""What the server said, and whether it comes back as it was said and where it was said.

A thinking block is bound to the system prompt, the tools and the messages before it. Thinking blocks among those do not
count: the first ones of a conversation may be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise, zip_longest

from tests.support.api.problems import Json, Problem
from tests.support.api.reading import blocks, canonical, system_blocks, unmarked

THOUGHTS = frozenset({"thinking", "redacted_thinking"})
RESUMED = frozenset({"pause_turn", "compaction"})
"""Reasons to stop after which the conversation is sent again with the reply at its end."""


@dataclass(frozen=True)
class Said:
    """One reply: its blocks, the model, a hash of what came before it, and why it ended."""

    content: tuple[Json, ...]
    model: str
    prefix: str
    stop_reason: str | None

    @property
    def thinks(self) -> bool:
        """Whether there are thoughts in it."""
        return any(block["type"] in THOUGHTS for block in self.content)


@dataclass(frozen=True)
class Recalled:
    """A reply that came back: in which message, from which block, how many blocks."""

    said: Said
    message: int
    at: int
    length: int

    @property
    def path(self) -> str:
        return f"messages.{self.message}.content.{self.at}"

    @property
    def complete(self) -> bool:
        """Whether it came back with all its blocks."""
        return self.length == len(self.said.content)


@dataclass
class Memory:
    """All replies of a server, by their first block."""

    said: list[Said] = field(default_factory=list)
    starts: dict[str, list[tuple[Said, list[str]]]] = field(default_factory=dict)

    def keep(self, body: Json, content: list[Json], stop_reason: str | None) -> None:
        """Remember a reply to this request."""
        said = Said(tuple(content), body["model"], prefixes(body)[len(body["messages"]), 0], stop_reason)
        self.said.append(said)
        bare = without_thoughts(content)
        for form in [content] if bare == content else [content, bare]:
            if words := [canonical(block) for block in form]:
                self.starts.setdefault(words[0], []).append((said, words))

    def knows(self, block: Json) -> bool:
        """Whether this block was said once."""
        return any(canonical(unmarked(block)) == canonical(one) for said in self.said for one in said.content)

    def recall(self, body: Json) -> list[Recalled]:
        """The replies in a conversation, up to the first block that was never said."""
        found: list[Recalled] = []
        for message, content in _said_by_assistant(body):
            at, words = 0, [canonical(block) for block in content]
            while at < len(words):
                if (one := self._at(message, words, at)) is None:
                    return found
                found.append(one)
                at += one.length
        return found

    def _at(self, message: int, content: list[str], at: int) -> Recalled | None:
        """The longest reply that stands here, perhaps without its thoughts; of equal ones the latest."""
        forms = self.starts.get(content[at], [])
        here = [(len(form), said) for said, form in forms if content[at : at + len(form)] == form]
        length, said = max(reversed(here), key=lambda one: one[0], default=(0, None))
        return Recalled(said, message, at, length) if said else None

    def may_end(self, body: Json) -> bool:
        """Whether the conversation ends with a reply that is to be gone on with."""
        found = self.recall(body)
        end = len(body["messages"]) - 1
        return bool(found) and found[-1].message == end and found[-1].said.stop_reason in RESUMED

    def wrong(self, body: Json) -> Iterator[Problem]:
        """Turns that are not as they were said, and thoughts that are gone from the middle."""
        recalled = self.recall(body)
        for message, content in _said_by_assistant(body):
            known = sum(one.length for one in recalled if one.message == message)
            if known < len(content):
                at, words = self._difference(content, known)
                yield Problem(f"messages.{message}.content.{at}", words)
                return
        thinking = [one for one in recalled if one.said.thinks]
        for earlier, later in pairwise(thinking):
            if earlier.complete and not later.complete:
                where = "thinking may be left out from the start of a conversation, not from the middle"
                yield Problem(later.path, where)

    def _difference(self, content: list[Json], at: int) -> tuple[int, str]:
        """Where a reply that begins here is not what was said, and what became of it, as far as it can be told."""
        for said in reversed(self.said):
            if said.content and _alike(said.content[0], content[at]):
                pairs = zip_longest(said.content, content[at : at + len(said.content)])
                place, was, now = next(
                    (at + i, was, now) for i, (was, now) in enumerate(pairs) if canonical(was) != canonical(now)
                )
                if now is None or not _alike(was, now):
                    return place, f"assistant blocks must come back as they were sent: here was {was['type']}"
                changed = ", ".join(
                    sorted(key for key in {*was, *now} if canonical(was.get(key)) != canonical(now.get(key)))
                )
                return place, f"assistant blocks must come back as they were sent: {changed} differs"
        return at, "this block was never sent by the model"

    def strayed(self, body: Json) -> list[Recalled]:
        """Replies with thoughts whose system prompt, tools or earlier messages are not those they were made from."""
        now = prefixes(body)
        thoughts = [one for one in self.recall(body) if one.complete and one.said.thinks]
        return [one for one in thoughts if now[one.message, one.at] != one.said.prefix]

    def unreadable(self, body: Json) -> list[Recalled]:
        """Replies with thoughts this model may not read: those of the 5.2 models are for 5.2 models alone."""
        if body["model"].endswith("-5-2"):
            return []
        thoughts = [one for one in self.recall(body) if one.complete and one.said.thinks]
        return [one for one in thoughts if one.said.model.endswith("-5-2")]


def without_thoughts(content: Sequence[Json]) -> list[Json]:
    """Blocks that are no thinking."""
    return [block for block in content if block.get("type") not in THOUGHTS]


def prefixes(body: Json) -> dict[tuple[int, int], str]:
    """What each block of each message is bound to, as a hash; at (number of messages, 0) what the reply will be."""
    bound = [unmarked(system_blocks(body)), unmarked(body.get("tools") or [])]
    chain = _hash(canonical(bound))
    found: dict[tuple[int, int], str] = {}
    for message, one in enumerate(body["messages"]):
        for at, block in enumerate(blocks(one)):
            found[message, at] = chain
            if block["type"] not in THOUGHTS:
                chain = _hash(chain + one["role"] + canonical(unmarked(block)))
    return {**found, (len(body["messages"]), 0): chain}


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _said_by_assistant(body: Json) -> Iterator[tuple[int, list[Json]]]:
    for index, message in enumerate(body["messages"]):
        if message["role"] == "assistant":
            yield index, unmarked(blocks(message))


def _alike(one: Json, other: Json) -> bool:
    """Whether both are likely the same block before and after a change."""
    if one["type"] != other.get("type"):
        return False
    identity = next((key for key in ("id", "signature", "data") if key in one), None)
    return identity is None or one[identity] == other.get(identity)
