"""What the window manager knows (EWMH), and whether it has done what it was told. Foreign windows vanish at any moment.

Questions about many windows are sent in batches and answered together: one round trip for each would take seconds
where there are thousands.
"""

from __future__ import annotations

import codecs
import math
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from Xlib import X, Xatom, error
from Xlib.protocol import request

from sandbox_image.display import Connection, automation
from sandbox_image.lane import Desk
from sandbox_image.resting import worked
from sandbox_image.wire import MAX_COORDINATE, ErrorCode, Refused, Region, Size, Window, WindowState

MAX_WINDOWS = 65_536
MAX_TITLE_BYTES = 1024
"""Titles come from programs and may be of any length."""
BATCH = 100
"""Windows that are asked about at once; between two batches is a look at whether the work was cancelled."""
ASK_S = 0.02
"""How often the window manager is asked, besides whenever something changes."""
PANEL_S = 3.0
"""How long readiness waits for the panel once the window manager is there; a session may have none."""
ANSWER_S = 10.0
"""How long the window manager may neither answer nor work. While it works, at thousands of windows, it is awaited."""
HIDDEN, FULLSCREEN = "_NET_WM_STATE_HIDDEN", "_NET_WM_STATE_FULLSCREEN"
MAXIMIZED = ("_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ")
PROPERTIES = ("_NET_WM_NAME", "WM_NAME", "WM_CLASS", "_NET_WM_PID", "_NET_WM_STATE", "WM_TRANSIENT_FOR")


class Seen(NamedTuple):
    """A window, whether it can be seen, and the number of the one that it is a dialog of."""

    window: Window
    visible: bool
    owner: int | None


def numbers(x: Connection, order: str = "_NET_CLIENT_LIST") -> list[int]:
    """The numbers of the managed windows in the order of mapping, or bottom to top by `_NET_CLIENT_LIST_STACKING`."""
    return x.numbers(x.root, order, MAX_WINDOWS)


def active(x: Connection) -> list[int]:
    """The number of the window with the keyboard focus, where one has it."""
    return x.numbers(x.root, "_NET_ACTIVE_WINDOW")


def see(desk: Desk, wanted: list[int]) -> list[Seen]:
    """These windows as they are now, without those that are gone. Raises Stopped."""
    focus = active(desk.x)
    batches = (wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH))
    return [seen for batch in batches for seen in _batch(desk, batch, focus)]


def managed(desk: Desk, number: int) -> Seen:
    """One window. Raises Refused(NO_SUCH_WINDOW) where the manager does not know it or it is gone."""
    there = numbers(desk.x)
    if number in there and (seen := see(desk, [number])):
        return seen[0]
    raise Refused(
        ErrorCode.NO_SUCH_WINDOW,
        f"there is no window {number}: it is gone, or the window manager never knew it; list the windows there are",
    )


def ready(desk: Desk, panel_s: float) -> Size:
    """Wait until the window manager rules the screen and, if it is soon enough, the panel stands; the screen's size."""
    desk.x.listen(desk.x.root)
    automation(desk.x)  # its import is done while the session starts
    while not desk.x.manager_there():
        desk.pause(time.monotonic() + ASK_S)
    attended(desk)
    until = time.monotonic() + panel_s
    while not desk.x.panel_ready() and time.monotonic() < until:
        desk.pause(until)
    desk.x.deafen()
    return desk.x.size()


def attended(desk: Desk, until: float = math.inf, *, patience_s: float = math.inf) -> bool:
    """Wait until the window manager has dealt with all it was sent before; whether it has.

    It is given up at that monotonic time, and where it has neither answered nor worked for so many seconds.
    """
    probe = desk.x.probe()
    work: list[bytes] | None = None
    since = math.inf
    try:
        while not desk.x.manager_answers(probe):
            now = time.monotonic()
            before, work = work, worked(desk.x.manager())
            since = since if work == before else now
            if now >= min(until, since + patience_s):
                return False
            desk.pause(min(until, now + ASK_S))
    finally:
        desk.x.end_probe(probe)
    return True


def tell(desk: Desk, number: int, message: str, *data: int) -> None:
    """Have the window manager do something with a window. Raises Refused(BLOCKED) where it hangs or is gone."""
    desk.x.tell_manager(desk.x.window(number), message, *data)
    if not attended(desk, patience_s=ANSWER_S):
        raise Refused(
            ErrorCode.BLOCKED,
            f"the window manager did not answer, and was not at work, for {ANSWER_S:g} s; it is started again where it"
            " ended, and it may still do what it was told: look at the windows",
        )


def _batch(desk: Desk, wanted: list[int], focus: list[int]) -> Iterator[Seen]:
    desk.stop.check()
    states = {desk.x.atom(name): name for name in (*MAXIMIZED, HIDDEN, FULLSCREEN)}
    for asked in [_Questions(desk.x, number) for number in wanted]:
        try:
            yield asked.answered(states, active=[asked.number] == focus)
        except error.XError:
            continue  # gone since the list was read


class _Questions:
    """All there is to ask about one window, on its way."""

    def __init__(self, x: Connection, number: int) -> None:
        to = {"display": x.x.display, "defer": True}
        self.number = number
        self._size = request.GetGeometry(drawable=number, **to)
        self._origin = request.TranslateCoords(src_wid=number, dst_wid=x.root.id, src_x=0, src_y=0, **to)
        self._attributes = request.GetWindowAttributes(window=number, **to)
        self._properties = {
            name: request.GetProperty(
                window=number, property=x.atom(name), type=X.AnyPropertyType, delete=0,
                long_offset=0, long_length=MAX_TITLE_BYTES // 4, **to,
            )
            for name in PROPERTIES
        }  # fmt: skip

    def answered(self, states: Mapping[int, str], *, active: bool) -> Seen:
        """Wait for the answers. Raises XError where the window is gone."""
        for asked in (self._size, self._origin, self._attributes, *self._properties.values()):
            asked.reply()
        window = Window(
            id=self.number,
            title=self._text("_NET_WM_NAME") or self._text("WM_NAME"),
            window_class=_halves(self._text("WM_CLASS")),
            pid=next(iter(self._numbers("_NET_WM_PID")), None),
            region=Region(
                x=_clamped(self._origin.x),
                y=_clamped(self._origin.y),
                width=_clamped(self._size.width),
                height=_clamped(self._size.height),
            ),
            active=active,
            state=_state({states[atom] for atom in self._numbers("_NET_WM_STATE") if atom in states}),
        )
        owner = next(iter(self._numbers("WM_TRANSIENT_FOR")), None)
        return Seen(window, self._attributes.map_state == X.IsViewable, owner)

    def _numbers(self, name: str) -> list[int]:
        size, value = self._properties[name].value or (0, [])
        return list(value) if size == 32 else []  # noqa: PLR2004 - bits

    def _text(self, name: str) -> str:
        """UTF-8, or Latin-1 where a program of old means it; a character that the cut splits is left out."""
        told = self._properties[name]
        size, value = told.value or (0, b"")
        if size != 8:  # noqa: PLR2004 - bits
            return ""
        raw = bytes(value)
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(raw, final=not told.bytes_after)
        except UnicodeDecodeError:
            return raw.decode("latin-1" if told.property_type == Xatom.STRING else "utf-8", "replace")


def _state(told: set[str]) -> WindowState:
    if HIDDEN in told:
        return "minimized"
    if FULLSCREEN in told:
        return "fullscreen"
    return "maximized" if told >= {*MAXIMIZED} else "normal"


def _halves(text: str) -> tuple[str, str]:
    instance, _, rest = text.partition("\0")
    return instance, rest.partition("\0")[0]


def _clamped(place: int) -> int:
    return max(-MAX_COORDINATE, min(MAX_COORDINATE, place))
