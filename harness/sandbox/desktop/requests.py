"""What all rooms of a Desktop share: one round trip, and how values become requests."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar, overload
from uuid import uuid4

from pydantic import ValidationError

from harness.errors import UsageError, WireMismatch, from_failure
from harness.text import spelled
from sandbox_image.wire import (
    Action,
    Answer,
    Effect,
    Guest,
    Perform,
    Picture,
    Refused,
    Region,
    ScreenPoint,
    Settle,
    Size,
)

Area: TypeAlias = Region | tuple[int, int, int, int]
"""A part of the screen: x and y of its upper left corner, width and height."""
Extent: TypeAlias = Size | tuple[int, int]
"""Width and height."""
Place: TypeAlias = ScreenPoint | tuple[int, int] | Area
"""Where to point: a pixel, or a region, which means its centre."""

DEADLINE = 60.0
"""Seconds one request may take unless it is told otherwise."""
GRACE = 20.0
"""Seconds for the round trip and the picture, on top of a wait that has a time of its own."""
SETTLE = Settle()

R = TypeVar("R")


class Requests:
    """A guest and the size of its screen. Each room of the desktop builds on it."""

    def __init__(self, guest: Guest, screen: Size) -> None:
        self._guest = guest
        self._screen = screen

    @property
    def screen(self) -> Size:
        """Size of the whole screen, in pixels."""
        return self._screen

    async def perform(
        self,
        *actions: Action,
        settle: Settle | None = SETTLE,
        picture: Picture | None = None,
        timeout: float = DEADLINE,  # noqa: ASYNC109 - the sandbox ends it, and says how far it came
    ) -> Answer:
        """Do the actions in order, wait for the screen to be still, take the picture: one round trip.

        Without `settle` it waits for nothing, and tells no effect. Raises an ActionFailed for the first action that
        fails; it carries the results before it, the effect and the picture, which is taken all the same. Raises
        DeadlinePassed where all of it takes more than `timeout` seconds.
        """
        with sendable():
            request = Perform(id=uuid4().hex, deadline_ms=ms(timeout), actions=actions, settle=settle, picture=picture)
        reply, data = await self._guest.perform(request)
        if reply.failure:
            raise from_failure(reply.failure, reply, data)
        if len(reply.results) != len(actions):
            raise WireMismatch(f"{len(actions)} actions were sent and {len(reply.results)} results came back")
        return Answer(reply, data)

    async def _act(self, action: Action, settle: Settle, seconds: float = 0) -> Effect:
        """One action, which itself takes so many seconds, and what it changed on the screen."""
        reply, _ = await self.perform(action, settle=settle, timeout=DEADLINE + seconds + settle.limit_ms / 1000)
        if reply.effect is None:
            raise WireMismatch("the effect on the screen was asked for and none came back")
        return reply.effect

    async def _one(self, action: Action, kind: type[R], *, deadline: float = DEADLINE) -> R:
        reply, _ = await self.perform(action, settle=None, timeout=deadline)
        (result,) = reply.results
        if not isinstance(result, kind):
            raise WireMismatch(f"{action.kind!r} was answered with {result.kind!r}")
        return result


def point(place: Place) -> ScreenPoint:
    """Where to point; a region means its centre."""
    match place:
        case ScreenPoint():
            return place
        case (x, y):
            return ScreenPoint(x=x, y=y)
        case _:
            return area(place).center


@overload
def area(region: Area) -> Region: ...
@overload
def area(region: None) -> None: ...
def area(region: Area | None) -> Region | None:
    """A part of the screen, where one is named."""
    match region:
        case Region() | None:
            return region
        case (x, y, width, height):
            return Region(x=x, y=y, width=width, height=height)
    raise UsageError(f"a region is a Region or (x, y, width, height), a place (x, y) or a region; found {region!r}")


@overload
def extent(size: Extent) -> Size: ...
@overload
def extent(size: None) -> None: ...
def extent(size: Extent | None) -> Size | None:
    """Width and height, where they are given."""
    match size:
        case Size() | None:
            return size
        case (width, height):
            return Size(width=width, height=height)
    raise UsageError(f"a size is a Size or (width, height); found {size!r}")


def either(text: str | re.Pattern[str] | None) -> tuple[str | None, str | None]:
    """What is looked for as the wire has it: literal text, or a regular expression."""
    return (None, spelled(text)) if isinstance(text, re.Pattern) else (text, None)


def ms(seconds: float, least: int = 1) -> int:
    """Seconds as whole milliseconds. Raises UsageError for what is no number of them."""
    if not math.isfinite(seconds):
        raise UsageError(f"a time is a number of seconds; found {seconds}. The longest is an hour, 3600")
    return max(least, round(seconds * 1000))


@contextmanager
def sendable() -> Iterator[None]:
    """Say in words which value cannot be sent, as the caller's error."""
    try:
        yield
    except ValidationError as error:
        told = (f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r:.80})" for e in error.errors())
        raise UsageError("; ".join(told)) from None


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what the guest refuses as the host's own error."""
    try:
        yield
    except Refused as refused:
        raise from_failure(refused.failure) from None
