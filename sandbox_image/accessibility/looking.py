"""Looking through the programs: the tree, nodes that are as wanted, what has the focus.

All programs are asked at the same time. One that does not answer is left out for the rest of the look and named in
its result, so it costs the others one wait.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sandbox_image.accessibility import nodes, placing
from sandbox_image.accessibility.bus import ACCESSIBLE, APPLICATION, COLLECTION, ROOT, Gone, Ref, Silent, Unfit
from sandbox_image.accessibility.wanted import fold
from sandbox_image.channel import MAX_FRAME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from sandbox_image.accessibility.bus import Bus
    from sandbox_image.accessibility.nodes import Seen
    from sandbox_image.accessibility.wanted import Wanted

T = TypeVar("T")
NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What comes of answers that have not the form they must have, or of a tree that has no end."""
_AT_ONCE = 50  # nodes that are asked at the same time
_CHILDREN = 1000  # of one node that are looked at for the tree
_MOST = 20_000  # nodes of one window that are looked through
_QUICK = 0.4  # seconds that a program may take where somebody asks all the time
_BROWSERS = frozenset({"Chromium", "Gecko"})  # they look through their pages fast, and others through tables slowly
_FULL = frozenset(
    {"menu bar", "menu", "tool bar", "status bar", "scroll bar", "table", "tree table", "tree", "document spreadsheet"}
)
_FEW, _AT_HAND = 100, 500  # children of a node, and nodes of a window, that are looked at then
_BYTES = MAX_FRAME * 3 // 4  # of nodes in one answer
_RULE = "(aiia{ss}iaiiasib)"
_ALL, _ANY, _CANONICAL = 1, 2, 1  # AT-SPI's kinds of match, and its name for the order of the tree


class Room:
    """How much more one answer holds."""

    def __init__(self, limit: int) -> None:
        self.nodes = limit
        self._bytes = _BYTES

    def takes(self, told: dict[str, Any]) -> bool:
        """Whether a node goes in; once one did not, no other does."""
        self._bytes -= len(json.dumps(told))
        if self.nodes <= 0 or self._bytes < 0:
            self.nodes = 0
            return False
        self.nodes -= 1
        return True


class Look:
    """One look at the programs of a scope."""

    def __init__(self, bus: Bus, scope: dict[str, Any]) -> None:
        self._bus = bus
        self._scope = scope
        self._names: dict[str, str] = {}  # of the programs that answered
        self._silent: dict[str, str] = {}  # of those that did not
        self.early = False
        """Whether a window was left out that is not on the screen yet."""

    @property
    def silent(self) -> list[str]:
        """What the programs are called that did not answer."""
        return sorted(self._silent.values())

    @property
    def names(self) -> list[str]:
        """What the programs are called that answered, of the scope or not."""
        return sorted(self._names.values())

    async def programs(self, *, quick: bool = False) -> list[Ref]:
        """The programs of the scope; a quick look asks for their names only where it has to."""
        there = [Ref(*told) for told in await self._bus.call(ROOT, ACCESSIBLE, "GetChildren")]
        if (pid := self._scope["pid"]) is not None:
            pids = await self._each(there, self._bus.pid)
            there = [ref for ref, its in zip(there, pids, strict=True) if its == pid]
        if quick and self._scope["app"] is None:
            return there
        names = await self._each(there, lambda ref: nodes.name(self._bus, ref))
        self._names = {ref.program: name for ref, name in zip(there, names, strict=True) if name is not None}
        return [ref for ref in there if ref.program in self._names and self._within("app", self._names[ref.program])]

    async def find(self, wanted: Wanted, limit: int, *, quick: bool = False) -> tuple[list[dict[str, Any]], bool]:
        """Nodes that are as wanted, in order, and whether there are more."""
        look = self._quick if quick else self._find
        parts = await self._each(await self.programs(quick=quick), lambda ref: look(ref, wanted, limit + 1))
        found = [seen.told for part in parts for seen in part or ()]
        room = Room(limit)
        kept = [told for told in found if room.takes(told)]
        return kept, len(kept) < len(found)

    async def tree(self, top: Ref | None, depth: int, limit: int) -> list[dict[str, Any]]:
        """Programs, or one node, with what is below them: level by level, until the limit."""
        room = Room(limit)
        tops = [await self._read(top)] if top else await self._each(await self.programs(), self._read)
        level = here = [seen for seen in tops if seen and room.takes(seen.told)]
        for _ in range(depth):
            level = await self._below(level, room)
        return [seen.told for seen in here]

    async def focused(self) -> Ref | None:
        """The node with the focus in the window that is active.

        Not every program tells which of its windows that is, as Chromium does not where it was started after somebody
        asked. Where the program is known, the only window that has such a node will do.
        """
        found = await self._each(await self.programs(), self._focus)
        return next((ref for ref in found if ref), None)

    async def read(self, ref: Ref) -> dict[str, Any]:
        """One node."""
        return (await self._read(ref)).told

    async def _read(self, ref: Ref) -> Seen:
        if ref.program not in self._names:
            self._names[ref.program] = await nodes.name(self._bus, Ref(ref.program, ROOT.path))
        return await nodes.read(self._bus, ref, self._names[ref.program])

    async def _below(self, level: Sequence[Seen], room: Room) -> list[Seen]:
        """Read the children of all these, tell them with their parents; the children."""
        shown = await self._each([seen.ref for seen in level], self._children)
        left, plan = room.nodes, []
        for parent, children in zip(level, shown, strict=True):
            if children is not None:
                plan.append((parent, children, children[:left]))
                left -= len(plan[-1][2])
        refs = [ref for _, _, children in plan for ref in children]
        read = dict(zip(refs, await self._each(refs, self._read), strict=True))
        below: list[Seen] = []
        for parent, children, few in plan:
            kept = [seen for ref in few if (seen := read[ref]) and room.takes(seen.told)]
            parent.told["children"] = [seen.told for seen in kept]
            parent.told["omitted"] = len(children) - len(kept) + max(0, parent.children - _CHILDREN)
            below += kept
        return below

    async def _children(self, ref: Ref) -> list[Ref]:
        """Its children as far as the scope goes."""
        count = await self._bus.get(ref, ACCESSIBLE, "ChildCount")
        if count > _CHILDREN:  # a table may have millions, and would make all of them for the asking
            one = lambda at: self._bus.call(ref, ACCESSIBLE, "GetChildAtIndex", "i", at)  # noqa: E731 - said once
            told = await asyncio.gather(*map(one, range(_CHILDREN)))
        else:
            told = await self._bus.call(ref, ACCESSIBLE, "GetChildren")
        children = [Ref(*one) for one in told]
        if ref.path == ROOT.path:
            return await self._windows(children)
        return await self._having(children, () if self._scope["hidden"] else ("showing",))

    async def _windows(self, refs: list[Ref]) -> list[Ref]:
        """Those windows of a program that are in the scope."""
        names = await self._each(refs, lambda ref: nodes.name(self._bus, ref))
        named = [
            ref for ref, name in zip(refs, names, strict=True) if name is not None and self._within("window", name)
        ]
        return named if self._scope["hidden"] else await self._shown(named)

    async def _shown(self, windows: list[Ref]) -> list[Ref]:
        """Those that are on the screen; what their programs tell of places is true from then on."""
        shown = await self._having(windows, ("showing",))
        active = await self._having(shown, ("active",))
        others = [ref for ref in shown if ref not in active]
        places = await self._each(others, lambda ref: nodes.place(self._bus, ref))
        unseen = placing.unseen() if others else set()  # asked last: what is placed meanwhile is told truly from now on
        early = [ref for ref, place in zip(others, places, strict=True) if place in unseen]
        self.early = self.early or bool(early)
        return [ref for ref in shown if ref not in early]

    async def _find(self, program: Ref, wanted: Wanted, limit: int) -> list[Seen]:
        found: list[Seen] = []
        for window in await self._children(program):
            inside = await self._inside(window, wanted.states, wanted.role)
            here = await self._having([window], wanted.states) + inside
            for start in range(0, len(here), _AT_ONCE):
                some = here[start : start + _AT_ONCE]
                fit = await self._each(some, lambda ref: wanted.fits(self._bus, ref))
                read = await self._each([ref for ref, fits in zip(some, fit, strict=True) if fits], self._read)
                found += [seen for seen in read if seen]
                if len(found) >= limit:
                    return found[:limit]
        return found

    async def _quick(self, program: Ref, wanted: Wanted, limit: int) -> list[Seen]:
        """The same in what a program has at hand."""
        try:
            async with asyncio.timeout(_QUICK):
                if await self._bus.get(program, APPLICATION, "ToolkitName") in _BROWSERS:
                    return await self._find(program, wanted, limit)
                windows = await self._having(await self._children(program), ("showing",))
                at_hand = [ref for window in windows for ref in await self._at_hand(window)]
                having = await self._having(at_hand, wanted.states)
                fit = await self._each(having, lambda ref: wanted.fits(self._bus, ref))
                fitting = [ref for ref, fits in zip(having, fit, strict=True) if fits]
                return [seen for seen in await self._each(fitting[:limit], self._read) if seen]
        except TimeoutError:
            raise Silent(program) from None

    async def _at_hand(self, window: Ref) -> list[Ref]:
        """What shows in a window, level by level, but for what lies in something that may hold very much."""
        found, level = [window], [window]
        while level and len(found) < _AT_HAND:
            roles = await self._each(level, lambda ref: nodes.role(self._bus, ref))
            open_ = [ref for ref, role in zip(level, roles, strict=True) if role and role not in _FULL]
            below = await self._each(open_, self._few)
            level = [child for children in below for child in children or ()]
            found += level
        return found[:_AT_HAND]

    async def _few(self, ref: Ref) -> list[Ref]:
        """Its children that show, if they are few."""
        if not 0 < await self._bus.get(ref, ACCESSIBLE, "ChildCount") <= _FEW:
            return []
        children = [Ref(*told) for told in await self._bus.call(ref, ACCESSIBLE, "GetChildren")]
        return await self._having(children, ("showing",))

    async def _focus(self, program: Ref) -> Ref | None:
        windows = await self._children(program)
        if active := await self._having(windows, ("active",)):
            windows = active
        elif self._scope["pid"] is None:
            return None
        inside = [await self._inside(window, ("focused", "focusable", "showing")) for window in windows]
        innermost = [refs[-1] for refs in inside if refs]  # a page has the focus, and its field
        return innermost[-1] if innermost and (active or len(innermost) == 1) else None

    async def _inside(self, window: Ref, states: Collection[str], role: str | None = None) -> list[Ref]:
        """All that is in a window and in these states, in order: found by the program itself where it can.

        Of another role it may be as well, unless the role is one whose number is known.
        """
        if COLLECTION not in await self._bus.call(window, ACCESSIBLE, "GetInterfaces"):
            return await self._walk(window, states, _MOST)
        bits = sum(1 << nodes.STATES.index(state) for state in states)
        roles = 1 << nodes.ROLES[role] if role in nodes.ROLES else 0
        rule = [_words(bits, 2), _ALL, {}, _ALL, _words(roles, 4), _ANY, [], _ALL, False]
        order = (_CANONICAL, _MOST, True)
        return [
            Ref(*told) for told in await self._bus.call(window, COLLECTION, "GetMatches", f"{_RULE}uib", rule, *order)
        ]

    async def _walk(self, top: Ref, states: Collection[str], most: int) -> list[Ref]:
        found: list[Ref] = []
        for child in await self._children(top):
            if len(found) < most:
                found += await self._having([child], states) + await self._walk(child, states, most - len(found))
        return found

    async def _having(self, refs: list[Ref], states: Collection[str]) -> list[Ref]:
        """Those that are in all of these states."""
        if not states:
            return refs
        theirs = await self._each(refs, lambda ref: nodes.states(self._bus, ref))
        return [ref for ref, its in zip(refs, theirs, strict=True) if its is not None and set(states) <= set(its)]

    async def _each(self, refs: Sequence[Ref], work: Callable[[Ref], Awaitable[T]]) -> list[T | None]:
        """Do it with each node; None for those that are gone, and for all of a program that does not answer."""
        done: list[T | None] = []
        for start in range(0, len(refs), _AT_ONCE):
            done += await asyncio.gather(*(self._unless_lost(ref, work) for ref in refs[start : start + _AT_ONCE]))
        return done

    async def _unless_lost(self, ref: Ref, work: Callable[[Ref], Awaitable[T]]) -> T | None:
        if ref.program in self._silent:
            return None
        try:
            return await work(ref)
        except (Gone, Unfit):
            return None
        except (Silent, *NONSENSE):
            self._silent[ref.program] = await self._called(ref)
            return None

    async def _called(self, ref: Ref) -> str:
        """What a program is called that cannot be asked."""
        try:
            pid = await self._bus.pid(ref)
            return f"{_comm(pid)} ({pid})"
        except (Gone, OSError):
            return ref.program

    def _within(self, part: str, name: str) -> bool:
        return self._scope[part] is None or fold(self._scope[part]) in fold(name)


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()


def _words(bits: int, count: int) -> list[int]:
    """As so many signed integers of 32 bits, the lowest first."""
    words = [bits >> 32 * at & 0xFFFF_FFFF for at in range(count)]
    return [word - (1 << 32) if word >> 31 else word for word in words]
