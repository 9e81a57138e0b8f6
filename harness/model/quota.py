"""What the API says of its limits with every answer, and how long to wait until there is enough for the next request.

Each limit is a bucket that fills evenly: headers tell its size, what is left, and when it is full again. Between two
answers it is reckoned on from there, so that runs side by side do not all count on the same rest.

The headers of the priority tier are passed over: what that tier has no room for is served from these limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

KINDS = ("requests", "tokens", "input-tokens", "output-tokens")
"""What `anthropic-ratelimit-*` headers count."""


@dataclass(slots=True)
class Bucket:
    """One limit, by a clock of seconds."""

    size: float
    left: float
    at: float
    full: float
    empty: bool = False
    """The API says that nothing is left: then it is taken at its word, and waited for until all is there again."""

    def ready(self, need: float) -> float:
        """When there is so much in it; a need that is larger than it is ready when it is full."""
        lacks = min(need, self.size) - self.left
        if lacks <= 0:
            return self.at
        if self.empty:
            return self.full
        return self.at + (self.full - self.at) * lacks / (self.size - self.left)

    def take(self, need: float, now: float) -> None:
        """Reckon what a request takes, until an answer tells."""
        share = (now - self.at) / (self.full - self.at) if now < self.full else 1.0
        left = self.left + (self.size - self.left) * share - need
        used = (self.size - left) / max(self.size - self.left, 1)
        self.left, self.at, self.full, self.empty = left, now, now + used * (self.full - self.at), False


@dataclass(slots=True)
class Quota:
    """All limits of an API, as they were told last."""

    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def heed(self, headers: Mapping[str, str], now: float) -> None:
        """Take in what an answer says, a refusal as well."""
        for kind in KINDS:
            if bucket := _told(kind, headers, now):
                self._buckets[kind] = bucket

    def wait(self, tokens: float, now: float) -> tuple[float, str]:
        """Seconds until a request with so many tokens of input may go, and for want of what."""
        waits = {kind: bucket.ready(_need(kind, tokens)) - now for kind, bucket in self._buckets.items()}
        longest = max(waits, key=lambda kind: waits[kind], default="")
        return max(waits.get(longest, 0.0), 0.0), longest.replace("-", " ")

    def take(self, tokens: float, now: float) -> None:
        """A request with so many tokens of input goes."""
        for kind, bucket in self._buckets.items():
            bucket.take(_need(kind, tokens), now)


def _need(kind: str, tokens: float) -> float:
    """What a request surely takes; how long an answer gets, nobody knows."""
    return max(tokens, 1.0) if kind in ("tokens", "input-tokens") else 1.0


def _told(kind: str, headers: Mapping[str, str], now: float) -> Bucket | None:
    name = f"anthropic-ratelimit-{kind}"
    try:
        left = float(headers[f"{name}-remaining"])
        size = max(float(headers.get(f"{name}-limit", left + 1)), left, 1.0)
        seconds = max((datetime.fromisoformat(headers[f"{name}-reset"]) - _date(headers)).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return None
    return Bucket(size, left, now, now + seconds, empty=left == 0)


def _date(headers: Mapping[str, str]) -> datetime:
    """When the answer was given: by its own date, since our clock may be wrong; by our clock where it tells none."""
    told = headers.get("date")
    return parsedate_to_datetime(told) if told else datetime.now(UTC)  # noqa: TID251 - compared with a date
