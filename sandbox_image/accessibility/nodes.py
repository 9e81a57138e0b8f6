"""One node: what it tells of itself, its text, and what can be done with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from dbus_fast import Variant

from sandbox_image.accessibility.bus import (
    ACCESSIBLE,
    ACTION,
    COMPONENT,
    EDITABLE,
    TEXT,
    VALUE,
    Ref,
    Unfit,
)
from sandbox_image.accessibility.placing import Place

if TYPE_CHECKING:
    from sandbox_image.accessibility.bus import Bus

PASSWORD = "password text"  # noqa: S105 - a role
ROLES = {PASSWORD: 40}
"""Numbers of roles that are asked for before every picture, so that programs look for them themselves."""
KEPT_TEXT = 300
"""Characters of a name, a description or a text that are told with a node."""
_FURTHEST = 32_767  # X11's coordinates
_OBJECT = "\ufffc"  # stands in a text where a child is
_QT_FIELD = "text"
_RENAMED = {"push button": "button"}
_ACTIONS = 20  # of a node that are told
_SCREEN = 0  # AT-SPI's coordinates of the screen
_STATES = (
    "invalid active armed busy checked collapsed defunct editable enabled expandable expanded focusable focused "
    "has-tooltip horizontal iconified modal multi-line multiselectable opaque pressed resizable selectable selected "
    "sensitive showing single-line stale transient vertical visible manages-descendants indeterminate required "
    "truncated animated invalid-entry supports-autocompletion selectable-text is-default visited checkable has-popup "
    "read-only"
)
STATES = tuple(_STATES.split())
"""The wire's states, which are AT-SPI's, in the order of their bits; written again since the worker goes without it."""


class Seen(NamedTuple):
    """A node as it was read: what is told of it, and how many children it has."""

    ref: Ref
    told: dict[str, Any]
    children: int


class Text(NamedTuple):
    """A piece of a node's text, from `start` on; `length` is that of all of it."""

    text: str
    start: int
    length: int
    caret: int | None
    selection: tuple[int, int] | None


async def states(bus: Bus, ref: Ref) -> tuple[str, ...]:
    """The states a node is in."""
    low, high = await bus.call(ref, ACCESSIBLE, "GetState")
    bits = low | high << 32
    return tuple(state for place, state in enumerate(STATES) if bits >> place & 1)


async def role(bus: Bus, ref: Ref) -> str:
    """What a node is, in AT-SPI's present words. Qt tells only by a number that a field is one for passwords."""
    told: str = await bus.call(ref, ACCESSIBLE, "GetRoleName")
    if told == _QT_FIELD and await bus.call(ref, ACCESSIBLE, "GetRole") == ROLES[PASSWORD]:
        return PASSWORD
    return _RENAMED.get(told, told)


async def name(bus: Bus, ref: Ref) -> str:
    """How it is called, without the spaces that some menus put before a key."""
    told: str = await bus.get(ref, ACCESSIBLE, "Name")
    return told.strip()


async def read(bus: Bus, ref: Ref, app: str) -> Seen:
    """All that is told of a node. Property by property: programs of Qt crash where they are asked for all at once."""
    pid, its_role, its_name, description, its_states, count, faces = await asyncio.gather(
        bus.pid(ref),
        role(bus, ref),
        name(bus, ref),
        bus.get(ref, ACCESSIBLE, "Description"),
        states(bus, ref),
        bus.get(ref, ACCESSIBLE, "ChildCount"),
        bus.call(ref, ACCESSIBLE, "GetInterfaces"),
    )
    box, actions, text, value = await asyncio.gather(
        _box(bus, ref) if COMPONENT in faces else _nothing(),
        _actions(bus, ref) if ACTION in faces else _nothing(),
        _short_text(bus, ref) if TEXT in faces and its_role != PASSWORD else _nothing(),
        _value(bus, ref) if VALUE in faces else _nothing(),
    )
    told = {
        "ref": str(ref),
        "app": _short(app),
        "pid": pid,
        "role": _short(its_role),
        "name": _short(its_name),
        "description": _short(description),
        "states": its_states,
        "text": text if text != its_name else None,
        "value": value,
        "box": box,
        "actions": [_short(action) for action in actions or ()],
        "children": [],
        "omitted": max(0, count),
    }
    return Seen(ref, told, told["omitted"])


async def text(bus: Bus, ref: Ref, start: int, limit: int) -> Text:
    """A piece of its text. Raises Unfit where there is none to be told."""
    if await role(bus, ref) == PASSWORD:
        raise Unfit(f"node {ref} holds a password, which is never told")
    length, caret, selections = await asyncio.gather(
        bus.get(ref, TEXT, "CharacterCount"),
        bus.get(ref, TEXT, "CaretOffset"),
        bus.call(ref, TEXT, "GetNSelections"),
    )
    selected = await bus.call(ref, TEXT, "GetSelection", "i", 0) if selections > 0 else None
    piece = await _piece(bus, ref, start, min(length, start + limit))
    return Text(piece, start, max(length, 0), caret if caret >= 0 else None, selected)


async def focus(bus: Bus, ref: Ref) -> None:
    """Give it the keyboard focus."""
    if not await bus.call(ref, COMPONENT, "GrabFocus"):
        raise Unfit(f"node {ref} does not take the focus; one with the state 'focusable' does")


async def act(bus: Bus, ref: Ref, wanted: str | None) -> None:
    """Do one of its actions."""
    there = await _actions(bus, ref) if ACTION in await bus.call(ref, ACCESSIBLE, "GetInterfaces") else []
    matching = [at for at, one in enumerate(there) if wanted is None or one.casefold() == wanted.casefold()]
    if not matching:
        found = ", ".join(map(repr, there)) or "none"
        raise Unfit(f"node {ref} has no action {wanted or 'at all'!r}; it has: {found}; click its box instead")
    if not await bus.call(ref, ACTION, "DoAction", "i", matching[0]):
        raise Unfit(f"node {ref} did not do {there[matching[0]]!r}; is it enabled and showing?")


async def set_text(bus: Bus, ref: Ref, new: str) -> None:
    """Replace all of its text."""
    if EDITABLE not in await bus.call(ref, ACCESSIBLE, "GetInterfaces"):
        raise Unfit(f"node {ref} takes no text this way; focus it and type")
    if not await bus.call(ref, EDITABLE, "SetTextContents", "s", new):
        raise Unfit(f"node {ref} did not take the text; is it editable?")


async def set_value(bus: Bus, ref: Ref, value: float) -> None:
    """Set its number, if it is in its range."""
    if VALUE not in await bus.call(ref, ACCESSIBLE, "GetInterfaces"):
        raise Unfit(f"node {ref} has no value; sliders and spin buttons have one")
    least, most = await asyncio.gather(bus.get(ref, VALUE, "MinimumValue"), bus.get(ref, VALUE, "MaximumValue"))
    if not least <= value <= most:
        raise Unfit(f"node {ref} takes values from {least:g} to {most:g}, not {value:g}")
    await bus.set(ref, VALUE, "CurrentValue", Variant("d", value))


async def _nothing() -> None:
    return None


async def place(bus: Bus, ref: Ref) -> Place:
    """Where its program says it is on the screen."""
    return Place(*await bus.call(ref, COMPONENT, "GetExtents", "u", _SCREEN))


async def _box(bus: Bus, ref: Ref) -> dict[str, int] | None:
    """Where it is on the screen; programs put what is nowhere far away, or give it no size."""
    x, y, width, height = told = await place(bus, ref)
    if not (0 < width <= _FURTHEST and 0 < height <= _FURTHEST and abs(x) <= _FURTHEST and abs(y) <= _FURTHEST):
        return None
    return told._asdict()


async def _actions(bus: Bus, ref: Ref) -> list[str]:
    """In the toolkit's own words: those of `GetActions` are meant for people, and Chromium leaves them empty."""
    count = min(await bus.get(ref, ACTION, "NActions"), _ACTIONS)
    names: list[str] = await asyncio.gather(*(bus.call(ref, ACTION, "GetName", "i", at) for at in range(count)))
    return names


async def _short_text(bus: Bus, ref: Ref) -> str | None:
    with suppress(Unfit):
        told = await _piece(bus, ref, 0, min(await bus.get(ref, TEXT, "CharacterCount"), KEPT_TEXT + 1))
        return _short(told.replace(_OBJECT, "").strip()) or None
    return None


async def _piece(bus: Bus, ref: Ref, start: int, end: int) -> str:
    if end <= start:
        return ""
    told: str = await bus.call(ref, TEXT, "GetText", "ii", start, end)
    return told[: end - start]


async def _value(bus: Bus, ref: Ref) -> float | None:
    with suppress(Unfit):
        value = float(await bus.get(ref, VALUE, "CurrentValue"))
        return value if abs(value) < float("inf") else None
    return None


def _short(text: str) -> str:
    return text if len(text) <= KEPT_TEXT else f"{text[:KEPT_TEXT]}…"
