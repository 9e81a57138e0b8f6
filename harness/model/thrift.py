"""What of a conversation is sent, so that it costs little and fits: when old pictures leave, how long caches are kept.

Two sums are weighed against each other, in tokens of input at full price, of which reading the cache costs a share `r`
and writing it `w`:

* A picture that stays is read from the cache with every request: `r` times its tokens. Once pictures leave, all that
  comes after the first of them is written anew: `w - r` times what stays. Nobody knows how long a run will be. So old
  pictures leave as soon as reading them has cost as much as writing would: whenever the run ends, that was at most
  twice what it would have cost to know. The size of a batch follows from that; it grows as reading gets cheaper.
* A cache lives for five minutes after its last use, or an hour for a higher price of writing. After a longer pause all
  is written anew. Marks are for an hour as long as they would have made the run cheaper so far.

Limits are kept to before they are met: of the window, of the body, of the number of pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.geometry import patches
from harness.model.catalog import Price, Provider
from harness.model.sizes import words
from harness.model.turn import Counts, Request, Turn

if TYPE_CHECKING:
    from harness.errors import Rejected
    from harness.model.asking import Asking
    from harness.model.transcript import Transcript, Ttl
    from harness.model.turn import Model

KEPT = 3
"""Pictures that stay when others leave, and turns."""
BESIDE = 6000
"""Tokens of tools and system prompt, until an answer tells."""
BYTES_A_TOKEN = 3
NEAR = 0.9
"""The share of the room from which on a request is counted before it is asked."""
LIVES: dict[Ttl, float] = {"5m": 300.0, "1h": 3600.0}
BODY: dict[Provider, int] = {
    "anthropic": 30_000_000,
    "aws": 30_000_000,
    "foundry": 30_000_000,
    "vertex": 17_000_000,
    "bedrock": 10_000_000,
}
"""Bytes of a request, a little less than each provider takes."""
FEW, MANY, SMALL_WINDOW = 100, 600, 200_000
"""Pictures in a request, for models with a window of so many tokens and for others."""


@dataclass(slots=True)
class Thrift:
    """Looks at every question before it is asked, and at every answer."""

    clock: Callable[[], float] = time.monotonic
    _rent: float = 0.0  # what reading old pictures has cost since the last ones left
    _off: int = BESIDE  # tokens that the last answer told beyond the estimate
    _written: int = 0  # tokens, to the cache
    _lapsed: int = 0  # tokens that are written anew after pauses, unless they are kept for an hour
    _asked: float | None = None
    _long: bool = False
    _clears: bool = True  # the API takes answers out where it is asked to

    async def request(self, model: Model, asking: Asking, transcript: Transcript) -> Request:
        """The next question, after what need not or cannot stay has left."""
        fresh = self._lapse(asking, transcript)
        if self._pays(asking, transcript, fresh=fresh):
            self._batch(asking, transcript)
        while not _fits(asking, transcript) and self.make_room(asking, transcript, tokens=False):
            pass
        if self.length(asking, transcript) > NEAR * _room(asking):
            await self._within_window(model, asking, transcript)
        return self._made(asking, transcript)

    def heard(self, turn: Turn, asking: Asking, transcript: Transcript) -> None:
        """Learn from an answer to what is in the transcript how long that is."""
        used = turn.usage
        self._written += used.cache_write_5m + used.cache_write_1h
        if turn.length:
            self._off = turn.length - _tokens(asking, transcript) - sum(map(words, turn.content)) // BYTES_A_TOKEN

    def length(self, asking: Asking, transcript: Transcript) -> int:
        """Tokens of the next request, by what the last answer told and an estimate of what came since."""
        return max(0, self._off + _tokens(asking, transcript))

    def make_room(self, asking: Asking, transcript: Transcript, *, tokens: bool) -> bool:
        """Take out something old: pictures, then turns. False where nothing is left that could go.

        Where thinking is bound to what came before, the API takes answers out, which makes a request shorter in tokens
        but not in bytes. What we take out ourselves ends that bond, so all earlier thoughts go too: a conversation may
        begin without its thoughts, but have none that thinks of something else than what is there.
        """
        bound = asking.entry.binds_thinking
        if tokens and bound and self._clears and transcript.clear(KEPT):
            return True
        if not any(leave(keep) for keep in (KEPT, 1) for leave in (transcript.prune, transcript.shorten)):
            return False
        if bound:
            transcript.forget_thoughts()
        return True

    def keep_all(self, error: Rejected, transcript: Transcript) -> bool:
        """Do without the API's taking answers out, where that is what it refuses; False where it is something else."""
        if "context_management" not in str(error) or not transcript.cleared:
            return False
        self._clears, transcript.cleared = False, 0
        return True

    def _made(self, asking: Asking, transcript: Transcript) -> Request:
        return (replace(asking, ttl="1h") if self._long else asking).request(transcript)

    def _lapse(self, asking: Asking, transcript: Transcript) -> bool:
        """Whether the cache has lapsed since the last question; choose how long it is kept from now on."""
        now, before = self.clock(), self._asked
        self._asked = now
        pause, kept = now - (now if before is None else before), LIVES["1h" if self._long else asking.ttl]
        if LIVES["5m"] <= pause < LIVES["1h"]:
            self._lapsed += self.length(asking, transcript)
        price = _price(asking)
        saved = (price.cache_write_5m - price.cache_read) * self._lapsed
        self._long = saved > (price.cache_write_1h - price.cache_write_5m) * self._written
        return pause >= kept

    def _pays(self, asking: Asking, transcript: Transcript, *, fresh: bool) -> bool:
        """Whether old pictures are to leave now. `fresh`: nothing is in the cache, so writing costs nothing more."""
        old, picture, price = transcript.pictures - KEPT, patches(asking.shown), _price(asking)
        if old <= 0:
            return False
        self._rent += price.cache_read * old * picture
        said = sum(size.words for size in transcript.sizes[transcript.first_shown :])
        stays = said // BYTES_A_TOKEN + KEPT * picture
        write = price.cache_write_1h if self._long or asking.ttl == "1h" else price.cache_write_5m
        return fresh or self._rent >= (write - price.cache_read) * stays or self._passes(asking, transcript)

    def _passes(self, asking: Asking, transcript: Transcript) -> bool:
        """Whether a request passes the size from which on all of it costs more, and would not without old pictures."""
        above = _price(asking).above
        if above is None:
            return False
        length, saved = self.length(asking, transcript), (transcript.pictures - KEPT) * patches(asking.shown)
        return length - saved <= above.tokens < length

    def _batch(self, asking: Asking, transcript: Transcript) -> None:
        self._rent = 0.0
        if not asking.entry.binds_thinking:
            transcript.prune(KEPT)
        elif self._clears:
            transcript.clear(KEPT)

    async def _within_window(self, model: Model, asking: Asking, transcript: Transcript) -> None:
        """Count, and make room until all is within the window, or nothing is left that could go."""
        counted = await model.count(self._made(asking, transcript)) if isinstance(model, Counts) else None
        length = self.length(asking, transcript) if counted is None else counted
        while length > _room(asking) and self.make_room(asking, transcript, tokens=True):
            length = self.length(asking, transcript)


def _price(asking: Asking) -> Price:
    """What matters here are proportions, which are alike where a price is not known."""
    return asking.entry.price or Price(input=1, output=5)


def _room(asking: Asking) -> int:
    """Tokens of a request that leaves place for its answer."""
    return asking.entry.window - min(asking.answer, asking.entry.output)


def _fits(asking: Asking, transcript: Transcript) -> bool:
    """Whether a request is within the limits of pictures and bytes."""
    most = FEW if asking.entry.window <= SMALL_WINDOW else MANY
    return transcript.images <= most and sum(size.weight for size in transcript.sizes) <= BODY[asking.provider]


def _tokens(asking: Asking, transcript: Transcript) -> int:
    """An estimate of the messages."""
    said = sum(size.words for size in transcript.sizes)
    return said // BYTES_A_TOKEN + transcript.pictures * patches(asking.shown)
