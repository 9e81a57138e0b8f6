"""From a model's name to one that answers: Claude at one of its providers, or a script.

claude-sonnet-5-5            the Messages API, with the key in ANTHROPIC_API_KEY
aws:NAME, bedrock:NAME,      the same models at another provider, with its own credentials
vertex:NAME, foundry:NAME
scripted:FILE                turns from a file; needs no key
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

from harness.errors import UsageError
from harness.model.catalog import Effort, Entry, Provider, changed, find, retirement
from harness.model.fallback import Lines, WithFallback, why_not
from harness.model.reach import Reach
from harness.model.remembered import Remembered, remembered
from harness.model.scripted import read
from harness.model.throttle import Tell, shared
from harness.model.turn import Hear, Model

if TYPE_CHECKING:
    from harness.model.claude import Claude
    from harness.model.clients import Line
    from harness.model.turn import Request

Make: TypeAlias = Callable[[Tell, Hear], Model]
Around: TypeAlias = Callable[[Model], Model]
"""Puts another model around one, such as one that writes down what is asked and answered."""


@dataclass(frozen=True, slots=True)
class Named:
    """A model as somebody names it: where, and which."""

    provider: Provider | None  # None is a script
    name: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A model that can be asked: what its provider calls it, what it takes, what is to be said of it, a line each."""

    name: str
    provider: Provider
    entry: Entry
    notes: tuple[str, ...]
    model: Make
    """Makes it; waits, and the events of its answers, are told while they come."""


def named(text: str) -> Named:
    """`PROVIDER:NAME`, or a name alone. Raises UsageError for a provider nobody knows."""
    before, colon, name = text.partition(":")
    if not colon:
        return Named("anthropic", text)
    if before == "scripted":
        return Named(None, name)
    for provider in get_args(Provider):
        if before == provider:
            return Named(provider, name)
    if before.startswith(("claude-", "us.", "eu.", "global.", "anthropic.")):  # names of one provider have colons
        return Named("bedrock", text)
    raise UsageError(f"--model {text}: there is no {before!r}; there are: scripted, {', '.join(get_args(Provider))}")


def plain(model: Model) -> Model:
    """The model as it is."""
    return model


def checked(text: str, reach: Reach | None = None, effort: Effort | None = None) -> None:
    """Raise the UsageError that `reached` would raise, as far as it can be told without asking anybody."""
    from harness.model.clients import made  # noqa: PLC0415 - the SDK is slow to load, and scripts need none

    reach = reach or Reach()
    for model in (named(text), *([named(reach.fallback)] if reach.fallback else [])):
        if model.provider is None:
            read(Path(model.name))
        else:
            made(model.provider, reach.api)
    first, provider = find(named(text).name, reach.models), named(text).provider
    if first and provider:
        _check(effort, named(text).name, first.at(provider))


@asynccontextmanager
async def reached(
    text: str, reach: Reach | None = None, effort: Effort | None = None, around: Around = plain
) -> AsyncIterator[Reached]:
    """The model of this name, for the block; its connections are closed with it.

    Raises UsageError for what cannot be: no key, no such script, a provider whose library is not there, an effort that
    the model does not take, a fallback that cannot take over.
    """
    model, reach = named(text), reach or Reach()
    if model.provider is None:
        script = around(read(Path(model.name)))
        yield Reached(text, "anthropic", Entry(), (), lambda _waits, _hears: script)
        return
    async with AsyncExitStack() as stack:
        first = await _opened(stack, model, reach)
        _check(effort, first.name, first.entry)
        other = await _opened(stack, named(reach.fallback), reach) if reach.fallback else None
        if other and (why := why_not(first.entry, other.entry)):
            raise UsageError(f"fallback {reach.fallback} cannot take over from {text}: {why}")
        notes = (*reach.notes, *first.notes)
        yield Reached(first.name, first.line.provider, first.entry, notes, _make(first, other, around))


def at_hand(model: Model, text: str, reach: Reach | None = None) -> Reached:
    """A model of one's own, under a name that says what it takes."""
    meant, given = named(text), reach or Reach()
    provider, entry = meant.provider or "anthropic", find(meant.name, given.models) or Entry()
    return Reached(meant.name, provider, entry.at(provider), (), lambda _waits, _hears: model)


@dataclass(frozen=True, slots=True)
class _Open:
    """One model at one provider."""

    line: Line
    name: str
    entry: Entry
    memory: Remembered
    ceiling: float | None

    @property
    def notes(self) -> tuple[str, ...]:
        today = datetime.now(UTC).date()  # noqa: TID251 - a date is told to people
        note = retirement(self.name, self.entry, today)
        return (note,) if note else ()

    def claude(self, waits: Tell, hears: Hear) -> Claude:
        from harness.model.claude import Claude  # noqa: PLC0415 - the SDK is slow to load, and scripts need none

        throttle = shared(f"{self.line.identity} {self.name}")  # the API counts each model for itself
        return Claude(self.line, throttle, waits=waits, hears=hears, takes=self._takes, ceiling=self.ceiling)

    def _takes(self, request: Request) -> None:
        """An answer has come: the model takes the tools of its request."""
        tools = request.body.get("tools")
        kinds = {tool.get("type") for tool in tools if isinstance(tool, dict)} if isinstance(tools, list) else set()
        used = next((tool for tool in self.entry.computer if tool in kinds), None)
        if used and used != self.entry.computer[0]:
            self.memory.keep(used)


async def _opened(stack: AsyncExitStack, model: Named, reach: Reach) -> _Open:
    from harness.model.clients import connected  # noqa: PLC0415 - the SDK is slow to load, and scripts need none
    from harness.model.lookup import looked_up  # noqa: PLC0415 - the same

    if model.provider is None:
        raise UsageError(f"fallback scripted:{model.name}: a script cannot take over")
    line = await stack.enter_async_context(connected(model.provider, reach.api))
    entry = find(model.name, reach.models)
    if find(model.name) is None and (told := await looked_up(line, model.name)):
        entry = changed(told, entry) if entry else told  # what settings say weighs more
    memory = remembered(model.provider, str(line.client.base_url), model.name)
    entry = memory.first((entry or Entry()).at(model.provider))
    return _Open(line, model.name, entry, memory, reach.api.timeout)


def _check(effort: Effort | None, name: str, entry: Entry) -> None:
    if effort and effort not in entry.efforts:
        there = f"it takes: {', '.join(entry.efforts)}" if entry.efforts else "it has no such setting"
        raise UsageError(f"{name} does not take the effort {effort}; {there}")


def _make(first: _Open, other: _Open | None, around: Around) -> Make:
    def make(waits: Tell, hears: Hear) -> Model:
        claude = first.claude(waits, hears)
        if other is None:
            return around(claude)
        lines = Lines(claude, other.claude(waits, hears))
        return WithFallback(lines, around(lines), other.name, other.entry, waits)

    return make
