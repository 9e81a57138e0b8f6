"""Pictures as a model may see them: fields for passwords, and secrets that were typed, are painted over.

Programs tell where their fields for passwords are. A secret that stands in plain sight, as where a field was told to
show what it holds, is looked for in what programs tell of their fields and by OCR, once one was typed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from harness.cover import PAD, cover, secret_boxes
from harness.errors import AccessibilityFailed, DeadlinePassed, NotInstalled
from harness.geometry import zoomed
from harness.sandbox.desktop import Desktop, Screenshot
from sandbox_image.wire import (
    FindNodes,
    ListWindows,
    Node,
    NodeQuery,
    NodeScope,
    NodesFound,
    ReadText,
    Region,
    Settle,
    Size,
    TextRead,
    Window,
    WindowList,
)

PASSWORD = "password text"  # noqa: S105 - a role
LABEL = "hidden"
TRIES = 3
"""Pictures that are taken at most where fields move meanwhile; then all places are painted over that were told."""
LATE = Settle(first_ms=500, quiet_ms=500, patience_ms=0, limit_ms=2000)
"""How long the screen is to be still before a picture of a program with such a field: browsers tell up to 0.4 s late
where what was scrolled is now."""
PATIENCE = 3.0
"""Seconds that programs have to tell of their fields."""
_BESIDE = 300  # screen pixels around a part of the screen that are read with it: a word may be cut by its edge
_LONGEST = 1000  # characters that can be looked for


@dataclass(frozen=True, slots=True)
class Fields:
    """What programs tell: whether they have fields for passwords, shown or not, and what to paint over."""

    passwords: bool = False
    boxes: frozenset[Region] = frozenset()

    def __or__(self, other: Fields) -> Fields:
        return Fields(self.passwords or other.passwords, self.boxes | other.boxes)

    @property
    def any(self) -> bool:
        """Whether there is something to hide, now or soon."""
        return self.passwords or bool(self.boxes)


class Concealer:
    """Takes pictures of a desktop. `typed` tells the secrets that were typed so far."""

    def __init__(self, desktop: Desktop, typed: Callable[[], Sequence[str]] = tuple) -> None:
        self._desktop = desktop
        self._typed = typed
        self._known = Fields()

    async def picture(self, size: Size, region: Region | None = None, settle: Settle | None = None) -> Screenshot:
        """The screen, or a part of it from its own pixels, at most as large as `size`. Raises NotOnScreen.

        With `settle`, once it is still.

        Where there is something to hide, it is taken once the screen was still for a while. Programs are asked before
        and after, and it is taken again where they do not say the same: what moved in between shows nowhere. A program
        that answers too late, or not at all, is taken to show what it showed before, and a picture is given all the
        same, since fields for passwords hide by themselves what they hold.
        """
        size = zoomed(region.size, size) if region else size
        shot, fields = await self._desktop.screenshot(region, size=size, settle=settle), await self._fields()
        if not fields.any and not self._known.any and not self._typed():
            return shot
        before, read = fields, tuple[Region, ...]()
        for _ in range(TRIES):
            before, read = fields, await self._read(region)
            shot = await self._desktop.screenshot(region, size=size, settle=LATE if before.passwords else None)
            fields = await self._fields()
            if before == fields:
                break
        self._known = fields
        return await asyncio.to_thread(_covered, shot, (before | fields).boxes, read)

    async def _fields(self) -> Fields:
        """The fields that nobody may see; those known last where programs do not tell."""
        lines = {line for secret in self._typed() for line in secret.splitlines() if line.strip()}
        texts = [NodeQuery(text=line, states=("editable",)) for line in lines if len(line) <= _LONGEST]
        looks = [
            FindNodes(scope=NodeScope(hidden=True), query=NodeQuery(role=PASSWORD), quick=True),
            *(FindNodes(query=query, quick=True) for query in texts),
        ]
        try:
            reply, _ = await self._desktop.perform(*looks, ListWindows(), settle=None, timeout=PATIENCE)
        except (AccessibilityFailed, DeadlinePassed):
            return self._known
        windows = [window for result in reply.results if isinstance(result, WindowList) for window in result.windows]
        looked = [result for result in reply.results if isinstance(result, NodesFound)]
        found = [node for result in looked for node in result.nodes]
        passwords = [node for node in found if node.role == PASSWORD]
        plain = [node for node in found if node.role != PASSWORD and "multi-line" not in node.states]
        showing = [node for node in (*passwords, *plain) if "showing" in node.states]
        told = Fields(bool(passwords), frozenset(box for node in showing for box in shown(node, windows)))
        return told | self._known if any(result.silent for result in looked) else told

    async def _read(self, region: Region | None) -> tuple[Region, ...]:
        """Where secrets can be read that were typed."""
        if not (typed := self._typed()):
            return ()
        with suppress(NotInstalled):
            reply, _ = await self._desktop.perform(ReadText(region=self._around(region)), settle=None)
            words = [word for result in reply.results if isinstance(result, TextRead) for word in result.words]
            return secret_boxes(words, typed)
        return ()

    def _around(self, region: Region | None) -> Region | None:
        if region is None:
            return None
        screen = self._desktop.screen
        wide = Region(
            x=region.x - _BESIDE,
            y=region.y - _BESIDE,
            width=region.width + 2 * _BESIDE,
            height=region.height + 2 * _BESIDE,
        )
        return wide.clipped(Region(x=0, y=0, width=screen.width, height=screen.height))


def shown(node: Node, windows: Sequence[Window]) -> Iterable[Region]:
    """The parts of the screen where a node may be seen; none where other windows are in front of all of it.

    `windows` come bottom to top. A node of a program without a window counts where it says it is.
    """
    if node.box is None:
        return
    own = [at for at, window in enumerate(windows) if node.pid is not None and window.pid == node.pid]
    if not own:
        yield node.box
    for at in own:
        if windows[at].state == "minimized" or (part := node.box.clipped(windows[at].region)) is None:
            continue
        above = (window.region for window in windows[at + 1 :] if window.state != "minimized")
        if all(part.clipped(region) != part for region in above):
            yield part


def _covered(shot: Screenshot, fields: Iterable[Region], read: Iterable[Region]) -> Screenshot:
    """The picture without what is in these boxes of the screen."""
    view, data = shot.viewport, shot.data
    for boxes, pad in ((fields, 0), (read, PAD)):
        within = [box for box in boxes if box.clipped(view.region)]
        data = cover(data, within, view, pad=pad, label=LABEL) if within else data
    return replace(shot, data=data)
