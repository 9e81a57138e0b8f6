"""How a message leaves: as events or whole, in pieces, with everything a bad day does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.support.api.frames import Frame, frame, torn
from tests.support.api.playing import Cut, Drip, EndEarly, ErrorEvent, Fault, Hold, Insert

if TYPE_CHECKING:
    from tests.support.api.problems import Json

BREAKING = (Cut, EndEarly, ErrorEvent)
"""After these the reply is of no use."""
OF_STREAMS = (EndEarly, ErrorEvent, Insert)


def altered(whole: Sequence[Frame], faults: Sequence[Fault]) -> list[Frame]:
    """The events after what the faults do to them, in the order of the faults."""
    events = list(whole)
    for fault in faults:
        if isinstance(fault, EndEarly):
            events = events[: fault.events]
        elif isinstance(fault, ErrorEvent):
            error: Json = {"type": "error", "error": {"type": fault.kind, "message": fault.message}}
            events = [*events[: fault.events], frame(error)]
        elif isinstance(fault, Insert):
            events.insert(fault.events, Frame(fault.name, fault.data))
    return events


@dataclass(frozen=True)
class Ends:
    """What ends a reply early: the end of the server, and that of the connection."""

    server: asyncio.Event
    connection: asyncio.Event

    @property
    def come(self) -> bool:
        """Whether there is nobody to send to any more."""
        return self.server.is_set() or self.connection.is_set()


async def held(faults: Sequence[Fault], events: int, ends: Ends) -> None:
    """Wait where the reply is to be held after so many events."""
    for hold in faults:
        if isinstance(hold, Hold) and hold.events == events:
            hold.reached.set()
            try:
                await _first(hold.goes_on, ends.server, ends.connection)
            finally:  # what sends a stream may be cancelled as soon as the client is gone
                if ends.connection.is_set():
                    hold.left.set()


async def sent(parts: Sequence[bytes], faults: Sequence[Fault], chance: Random, ends: Ends) -> AsyncIterator[bytes]:
    """Events, or a whole body as the one part, as they leave."""
    drip = next((fault for fault in faults if isinstance(fault, Drip)), None)
    for index, part in enumerate(parts):
        await held(faults, index, ends)
        for piece in torn(part, chance) if drip is None else _drops(part, drip.size):
            if ends.come:
                return
            yield piece
            await _pause(drip.seconds if drip else 0.0, ends)


def _drops(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _pause(seconds: float, ends: Ends) -> None:
    """Let the other end read; what was given to the socket before and after are two pieces then."""
    if not seconds:
        await asyncio.sleep(0)
        return
    try:
        await asyncio.wait_for(_first(ends.server, ends.connection), seconds)
    except TimeoutError:
        return
