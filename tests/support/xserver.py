"""Programs that the tests of the X ring stand on: an X server, a window manager, a window that notes what it gets."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from Xlib import X, Xutil, error
from Xlib.display import Display
from Xlib.protocol import rq

from sandbox_image.lane import Desk
from sandbox_image.layout import GROUP_SHIFT, bind, send
from sandbox_image.manager import attended
from sandbox_image.wire import Region, ScreenPoint

PATIENCE_S = 20.0
WIDTH, HEIGHT = 1280, 800
NEXT_GROUP, GROUPS = 0xFE08, 4


class Noted(NamedTuple):
    """An input event as a program saw it."""

    kind: str  # press, release, motion, key, unkey
    detail: int  # button or key code
    x: int  # on the screen
    y: int


@contextmanager
def x_server() -> Iterator[tuple[str, int]]:
    """An Xvnc with a display number of its own: its name and process id."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        command = f"Xvnc -displayfd {writing} -geometry {WIDTH}x{HEIGHT} -depth 24 -SecurityTypes None -noreset"
        rfb = ["-rfbport", "-1", "-rfbunixpath", f"{folder}/rfb.sock"]
        with running(*command.split(), *rfb, pass_fds=(writing,)) as server:
            os.close(writing)
            yield f":{_number(reading)}", server.pid
            os.close(reading)


@contextmanager
def running(*command: str, pass_fds: tuple[int, ...] = (), display: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the block runs."""
    environment = os.environ | ({"DISPLAY": display} if display else {})
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment, pass_fds=pass_fds) as process:
        try:
            yield process
        finally:
            process.kill()


def _number(reading: int) -> int:
    told = b""
    while not told.endswith(b"\n"):
        ready, _, _ = select.select([reading], [], [], PATIENCE_S)
        assert ready, "Xvnc did not tell its display number"
        piece = os.read(reading, 16)
        assert piece, "Xvnc ended"
        told += piece
    return int(told)


def await_manager(display: str) -> None:
    """Wait until the window manager has done all it was told so far: drawn frames, given the focus."""
    desk = Desk(display)
    attended(desk)
    desk.close()


def held(display: str) -> list[int]:
    """Codes of the keys that are down."""
    x = Display(display)
    try:
        return [code for code in range(8, 256) if x.query_keymap()[code // 8] & 1 << code % 8]
    finally:
        x.close()


def tap(display: str, symbol: int, kinds: tuple[int, ...] = (X.KeyPress, X.KeyRelease)) -> None:
    """Press and release a key, or only one of these."""
    x = Display(display)
    for kind in kinds:
        x.xtest_fake_input(kind, x.keysym_to_keycode(symbol))
    x.sync()
    x.close()


def change_group(display: str, group: int) -> None:
    """Put another of several layouts in force, counted from 0."""
    desk = Desk(display)
    bound = bind(desk, [NEXT_GROUP])
    assert bound is not None
    for _ in range(GROUPS):
        if desk.x.pointer()[2] >> GROUP_SHIFT & 3 == group:
            break
        send(desk.x, [bound[NEXT_GROUP]])
    else:
        pytest.fail(f"there is no layout {group}")
    desk.close()


class Target:
    """A window with a plain ground that notes its input and draws what it is told; all places are screen pixels."""

    MASK = (
        X.KeyPressMask
        | X.KeyReleaseMask
        | X.ButtonPressMask
        | X.ButtonReleaseMask
        | X.PointerMotionMask
        | X.ExposureMask
        | X.FocusChangeMask
        | X.StructureNotifyMask
    )
    KINDS = {  # noqa: RUF012 - a constant
        X.KeyPress: "key",
        X.KeyRelease: "unkey",
        X.ButtonPress: "press",
        X.ButtonRelease: "release",
        X.MotionNotify: "motion",
    }

    def __init__(self, display: str, *, title: str = "target", region: Region | None = None) -> None:
        region = region or Region(x=200, y=150, width=640, height=480)
        self.x = Display(display)
        screen = self.x.screen()
        self.window = screen.root.create_window(
            region.x, region.y, region.width, region.height, 0, screen.root_depth,
            background_pixel=0xC0C0C0, event_mask=self.MASK,
        )  # fmt: skip
        self.window.set_wm_name(title)
        self.window.set_wm_class("target", "Target")
        place = Xutil.USPosition | Xutil.USSize
        self.window.set_wm_normal_hints(flags=place, x=region.x, y=region.y, width=region.width, height=region.height)
        self._colours = self.window.create_gc()

    def show(self) -> Target:
        """Map the window and wait until it is drawn and has the focus, and the window manager knows."""
        self.x.screen().root.change_attributes(event_mask=X.PropertyChangeMask)
        self.window.map()
        wanted = {X.Expose, X.FocusIn}
        while wanted or not self._active():
            wanted.discard(self._next().type)
        await_manager(self.x.get_display_name())
        return self

    def _active(self) -> bool:
        told = self.x.screen().root.get_full_property(self.x.get_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType)
        return told is not None and list(told.value) == [self.window.id]

    def _next(self) -> rq.Event:
        """The next event, which must come."""
        if not self.x.pending_events():
            ready, _, _ = select.select([self.x], [], [], PATIENCE_S)
            assert ready, "no event came"
        return self.x.next_event()

    @property
    def region(self) -> Region:
        """Where the window's own area is."""
        size = self.window.get_geometry()
        origin = self.x.screen().root.translate_coords(self.window, 0, 0)
        return Region(x=origin.x, y=origin.y, width=size.width, height=size.height)

    def at(self, x: int, y: int) -> ScreenPoint:
        """The screen's pixel for one of the window's."""
        return ScreenPoint(x=self.region.x + x, y=self.region.y + y)

    def noted(self, *kinds: str, count: int = 0) -> list[Noted]:
        """Input of these kinds since the last call: `count` of them are waited for, more may have come.

        Clicks come by way of the window manager, which looks at each first: later than the server took them in.
        """
        until = time.monotonic() + PATIENCE_S
        found: list[Noted] = []
        self.x.sync()
        while self.x.pending_events() or len(found) < count:
            if not self.x.pending_events():
                ready, _, _ = select.select([self.x], [], [], max(0.0, until - time.monotonic()))
                assert ready, f"{count} of {kinds} were to come, {found} came"
                continue
            event = self.x.next_event()
            if self.KINDS.get(event.type) in (kinds or self.KINDS.values()):
                found.append(Noted(self.KINDS[event.type], event.detail, event.root_x, event.root_y))
        return found

    def times(self, kind: int, count: int) -> list[int]:
        """When so many X events of a kind came, in milliseconds by the X server's clock."""
        found: list[int] = []
        while len(found) < count:
            event = self._next()
            if event.type == kind:
                found.append(event.time)
        return found

    def rests(self, places: Iterable[tuple[int, int]]) -> list[int]:
        """How long a drag stayed at each of its places, in milliseconds by the X server's clock."""
        seen: list[tuple[tuple[int, int], int]] = []
        while not seen or seen[-1][0] != (-1, -1):
            if not self.x.pending_events():
                ready, _, _ = select.select([self.x], [], [], PATIENCE_S)
                assert ready, f"no release came, but {seen}"
                continue
            event = self.x.next_event()
            if event.type == X.ButtonPress:
                seen.clear()
            if event.type in (X.ButtonPress, X.MotionNotify, X.ButtonRelease):
                place = (-1, -1) if event.type == X.ButtonRelease else (event.root_x, event.root_y)
                seen.append((place, event.time))
        return [next(end - at for (place, at), (_, end) in pairwise(seen) if place == wanted) for wanted in places]

    def await_first(self, kind: str) -> None:
        """Wait until one event of this kind has come, however many come after it."""
        self._await(next(number for number, name in self.KINDS.items() if name == kind))

    def await_mapped(self) -> None:
        """Wait until the window manager has shown it."""
        self._await(X.MapNotify)

    def await_message(self) -> None:
        """Wait until it is asked to close."""
        self._await(X.ClientMessage)

    def _await(self, kind: int) -> None:
        while self._next().type != kind:
            pass

    def is_cut_off(self) -> bool:
        """Whether the X server ended its connection."""
        try:
            self.x.sync()
        except error.ConnectionClosedError:
            return True
        return False

    def text(self) -> str:
        """Symbols of the keys that were pressed since the last call, a space between two."""
        codes = [note.detail for note in self.noted("key")]
        return " ".join(hex(self.x.keycode_to_keysym(code, 0)) for code in codes)

    def fill(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        """Draw a plain box, in the window's own pixels."""
        self._colours.change(foreground=colour)
        self.window.fill_rectangle(self._colours, x, y, width, height)
        self.x.sync()

    def close(self) -> None:
        """Take the window away, where the X server has not cut it off."""
        with suppress(error.ConnectionClosedError):
            self.x.close()
        self.x.display.socket.close()


class Terminal:
    """An xterm whose keyboard input arrives here byte for byte."""

    PROGRAM = (
        "import os, socket, sys, tty; tty.setraw(0); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "while True: s.sendall(os.read(0, 65536))"
    )

    def __init__(self, folder: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(folder / "s"))
        self._server.listen()
        self.command = ("xterm", "-u8", "-T", "terminal", "-e", "python3", "-c", self.PROGRAM, str(folder / "s"))

    def open(self, display: str, pid: int) -> Terminal:
        """Wait until the program in the terminal listens and keys go to it: it may start before its window is there."""
        self._server.settimeout(PATIENCE_S)
        self._input, _ = self._server.accept()
        self._input.settimeout(PATIENCE_S)
        desk = Desk(display)
        assert desk.comes_true(lambda: desk.x.in_front() == pid, PATIENCE_S), "the terminal did not get the focus"
        desk.close()
        return self

    def read(self, count: int) -> bytes:
        """The next bytes, exactly so many."""
        got = b""
        while len(got) < count:
            got += self._input.recv(count - len(got))
        return got

    def close(self) -> None:
        """Hang up."""
        self._input.close()
        self._server.close()
