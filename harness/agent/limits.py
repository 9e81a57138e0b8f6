"""What a run may use, and what it has used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.agent.outcome import LimitReached
from harness.model.catalog import Price
from harness.model.turn import Turn, Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """None is without a limit. `cost` is in US dollars, `seconds` of a clock that a person's turn stops."""

    steps: int | None = 100
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = 3600.0


@dataclass(slots=True)
class Spent:
    """What was used so far. A step is one answer of the model."""

    price: Price | None = None
    clock: Callable[[], float] = time.monotonic
    steps: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = 0.0
    before: float = 0.0  # seconds at work until the clock was stopped last
    _since: float | None = field(init=False)  # when it was started last; None while it stands
    _pauses: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    @property
    def seconds(self) -> float:
        """Time at work."""
        return self.before + (0.0 if self._since is None else self.clock() - self._since)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Stop the clock for the block: it is a person's turn. Blocks may overlap."""
        self._pauses += 1
        self.before, self._since = self.seconds, None
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._since = self.clock()

    def add(self, turn: Turn) -> float | None:
        """One more answer; its cost in US dollars, where the price is known."""
        self.steps += 1
        self.usage += turn.usage
        more = turn.cost(self.price)
        self.cost = None if self.cost is None or more is None else self.cost + more
        return more

    def reached(self, limits: Limits) -> LimitReached | None:
        """The first limit that is used up, if any."""
        tokens = self.usage.total + self.usage.output
        if limits.steps is not None and self.steps >= limits.steps:
            return LimitReached("steps", f"{self.steps} steps were made, as many as are allowed")
        if limits.tokens is not None and tokens >= limits.tokens:
            return LimitReached("tokens", f"{tokens} tokens were used; {limits.tokens} are allowed")
        if limits.cost is not None and self.cost is not None and self.cost >= limits.cost:
            return LimitReached("cost", f"${self.cost:.4g} were spent; ${limits.cost:g} are allowed")
        return self.out_of_time(limits)

    def out_of_time(self, limits: Limits) -> LimitReached | None:
        """Whether the time is used up, which is asked within a step as well."""
        if limits.seconds is None or self.seconds < limits.seconds:
            return None
        return LimitReached("time", f"{self.seconds:.0f} s have passed; {limits.seconds:g} are allowed")
