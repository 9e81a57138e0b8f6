"""The cache of prompts as it is documented, and what a request counts because of it.

A mark keeps everything before it, for five minutes or an hour from its last use. A later request reads the longest kept
beginning that ends at one of its marks or at most twenty blocks before one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING

from tests.support.api.reading import canonical, unmarked
from tests.support.api.tokens import block_tokens

if TYPE_CHECKING:
    from tests.support.api.marks import Unit
    from tests.support.api.models import Model
    from tests.support.api.problems import Json

LOOKBACK = 20  # blocks
LIFETIMES = {"5m": 300.0, "1h": 3600.0}  # seconds


@dataclass(frozen=True)
class Usage:
    """What a request counts, in tokens. `thinking` is a part of `output`."""

    input: int = 0
    written_5m: int = 0
    written_1h: int = 0
    read: int = 0
    output: int = 0
    thinking: int = 0

    @property
    def total_input(self) -> int:
        """All that the model read."""
        return self.input + self.written_5m + self.written_1h + self.read

    @property
    def json(self) -> Json:
        """As it is on the wire, with the first message."""
        return {
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
            "output_tokens": self.output,
            "output_tokens_details": {"thinking_tokens": self.thinking},
            "service_tier": "standard",
        }


@dataclass
class _Kept:
    until: float
    lifetime: float


@dataclass
class PromptCache:
    """What is kept of all prompts so far. `clock` gives seconds."""

    clock: Callable[[], float]
    kept: dict[str, _Kept] = field(default_factory=dict)

    def count(self, units: list[Unit], model: Model) -> tuple[Usage, list[str]]:
        """What this prompt counts, and which marks did nothing. Keeps what it marks."""
        counts = list(accumulate(block_tokens(unit.block, model) for unit in units))
        hashes = list(accumulate((canonical(unmarked(unit.block)) for unit in units), _chain, initial=model.id))[1:]
        marks = _marks(units)
        short = [at for at in marks if counts[at] < model.cache_minimum]
        marks = {at: ttl for at, ttl in marks.items() if at not in short}
        hit = self._longest_hit(list(marks), hashes)
        written = self._keep(marks, hashes, counts, hit)
        end = max([*marks, hit], default=-1)
        read = counts[hit] if hit >= 0 else 0
        total = counts[-1] if counts else 0
        usage = Usage(total - (counts[end] if end >= 0 else 0), written["5m"], written["1h"], read)
        return usage, [f"{units[at].path}: {counts[at]} tokens are too few to be cached" for at in short]

    def _longest_hit(self, marks: list[int], hashes: list[str]) -> int:
        """Where the longest kept beginning ends, or -1; it is used, so it lives on."""
        now = self.clock()
        for at in sorted(marks, reverse=True):
            for place in range(at, max(at - LOOKBACK - 1, -1), -1):
                kept = self.kept.get(hashes[place])
                if kept and kept.until > now:
                    kept.until = now + kept.lifetime
                    return place
        return -1

    def _keep(self, marks: dict[int, str], hashes: list[str], counts: list[int], hit: int) -> dict[str, int]:
        """Keep each marked beginning; how many tokens were written for how long."""
        now, done = self.clock(), counts[hit] if hit >= 0 else 0
        written = {"5m": 0, "1h": 0}
        for at in sorted(marks):
            lifetime = LIFETIMES[marks[at]]
            old = self.kept.get(hashes[at])
            lifetime = max(lifetime, old.lifetime) if old and old.until > now else lifetime
            self.kept[hashes[at]] = _Kept(now + lifetime, lifetime)
            written[marks[at]] += max(counts[at] - done, 0)
            done = max(done, counts[at])
        return written


def _marks(units: list[Unit]) -> dict[int, str]:
    """Where beginnings end, and for how long they are kept: marks in one batch of results act as one, at its end."""
    last_of = {unit.part: at for at, unit in enumerate(units)}
    found: dict[int, str] = {}
    for unit in units:
        if unit.ttl is not None:
            found[last_of[unit.part]] = unit.ttl
    return found


def _chain(before: str, block: str) -> str:
    return sha256((before + block).encode(errors="surrogatepass")).hexdigest()
