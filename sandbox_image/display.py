"""One connection to the X server: events, properties, what is held down, and the window manager's readiness.

The only module that opens python-xlib connections. pyautogui keeps one of its own from its import; `Connection`
puts itself in that place, so that one connection carries all input and a restarted X server is met in one place.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import NamedTuple

from Xlib import X, error
from Xlib.display import Display
from Xlib.ext import damage, ge, res, xfixes, xinput
from Xlib.protocol import event, request, rq
from Xlib.xobject.drawable import Window

from sandbox_image.settle import Box
from sandbox_image.wire import MAX_COORDINATE, ErrorCode, Refused, Size

KEYS = range(8, 256)
BUTTONS = range(1, 10)
POINTER = 2
"""The device of the X input extension that all mice move."""
LOST = (error.ConnectionClosedError, error.DisplayConnectionError, OSError)
HELLO = struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0)
"""Request for a connection by the X protocol, version 11, without authentication."""
KNOCK_S = 2.0
EVERYWHERE = Box(0, 0, MAX_COORDINATE, MAX_COORDINATE)
KEPT_DAMAGE = 10_000
"""Reports of damage kept at most; far more than settling needs to know."""


class Damage(NamedTuple):
    """Something was drawn: when (monotonic seconds) and where."""

    at: float
    box: Box


class Connection:
    """A connection to one X server. Used by one thread; only `cut` may come from another."""

    def __init__(self, name: str) -> None:
        knock(name)
        try:
            self.x = Display(name)
        except LOST as failure:
            raise _display_lost(failure) from None
        # Extensions of python-xlib register their errors over the core protocol's, for all connections at once.
        self.x.display.error_classes = self.x.display.error_classes | error.xerror_class
        self._cut = False
        self.root: Window = self.x.screen().root
        self.damaged: deque[Damage] = deque(maxlen=KEPT_DAMAGE)
        self._damage: int | None = None
        self._given: dict[int, tuple[int, int, int, int]] = {}
        self._heard: list[Window] = []
        self._socket: socket.socket = self.x.display.socket
        self.x.set_error_handler(_ignore)  # asynchronous errors are about windows that went away
        self.x.damage_query_version()  # the server refuses requests of an extension that a client has not asked about
        self.x.xfixes_query_version()
        # From this version on, movements are told while a program holds the pointer, as in every drag.
        xinput.XIQueryVersion(
            display=self.x.display,
            opcode=self.x.display.get_extension_major(xinput.extname),
            major_version=2,
            minor_version=2,
        )

    @property
    def lost(self) -> bool:
        """Whether the connection is known to be broken."""
        return self._cut or self.x.display.socket_error is not None

    def fileno(self) -> int:
        """The descriptor that becomes readable when events come."""
        return self._socket.fileno()

    def server_pid(self) -> int:
        """The process that listens at the other end."""
        told = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", told)[0]
        return pid

    def size(self) -> Size:
        """The screen's size at this moment."""
        geometry = self.root.get_geometry()
        return Size(width=geometry.width, height=geometry.height)

    def atom(self, name: str) -> int:
        """An atom's number; asked once."""
        number: int = self.x.get_atom(name)
        return number

    def client(self, window: Window) -> int:
        """Which connection to the X server a window is of: numbers of all that one makes begin in the same way."""
        number: int = window.id & ~self.x.display.info.resource_id_mask
        return number

    def process(self, window: Window) -> int | None:
        """The process whose connection to the X server a window is of; None where the server does not tell."""
        with suppress(error.XError):
            told = self.x.res_query_client_ids([{"client": window.id, "mask": res.LocalClientPIDMask}])
            return next((int(one.value[0]) for one in told.ids if one.value), None)
        return None

    def focus(self) -> Window | None:
        """The window that gets what is typed; None where no single one does."""
        focus = self.x.get_input_focus().focus
        return focus if isinstance(focus, Window) else None

    def in_front(self) -> int | None:
        """The process that gets what is typed; None where none does, or the server does not tell."""
        focus = self.focus()
        return None if focus is None else self.process(focus)

    def numbers(self, window: Window, name: str, limit: int = 4096) -> list[int]:
        """A property's 32-bit numbers; empty where window or property are not there."""
        found = self._property(window, name, limit)
        return list(found.value) if found is not None and found.format == 32 else []  # noqa: PLR2004 - bits

    def raw(self, window: Window, name: str, limit: int = 4096) -> bytes:
        """A property's bytes, cut at `limit`; empty where window or property are not there."""
        found = self._property(window, name, limit // 4)
        return bytes(found.value) if found is not None and found.format == 8 else b""  # noqa: PLR2004 - bits

    def _property(self, window: Window, name: str, words: int) -> rq.DictWrapper | None:
        with suppress(error.XError):
            return window.get_property(self.atom(name), X.AnyPropertyType, 0, words)
        return None

    def listen(self, window: Window) -> None:
        """Have events wake us when this window's properties or structure change, until `deafen`."""
        self._heard.append(window)
        window.change_attributes(event_mask=X.PropertyChangeMask | X.StructureNotifyMask)

    def take_given(self, window: int) -> tuple[int, int, int, int] | None:
        """Where the window manager placed a window first since it is listened to, or since this was asked last."""
        self.pump()
        return self._given.pop(window, None)

    def deafen(self) -> None:
        """Listen to no window any more: events that nobody takes in pile up in the X server."""
        for window in self._heard:
            window.change_attributes(event_mask=0)
        self._heard.clear()
        self._given.clear()
        self.x.flush()

    def watch_damage(self) -> None:
        """Note from now on whatever is drawn anywhere on the screen in `damaged`."""
        self.damaged.clear()
        if self._damage is None:
            self._damage = self.root.damage_create(damage.DamageReportRawRectangles)
            self.x.sync()
            self.pump()  # the first report is of the whole screen, drawn or not
            self.damaged.clear()

    def forget_damage(self) -> None:
        """Stop noting what is drawn."""
        if self._damage is not None:
            self.x.damage_destroy(self._damage)
            self._damage = None
            self.x.flush()

    @contextmanager
    def noting_damage(self, *, pointer: bool = False) -> Iterator[None]:
        """Note damage within the block, and go on afterwards where it was noted before.

        A pointer that moves or changes its look damages nothing; with `pointer` it is noted as if it did, everywhere.
        """
        before = self._damage
        self.watch_damage()
        if pointer:
            self._watch_pointer(on=True)
        try:
            yield
        finally:
            if pointer:
                self._watch_pointer(on=False)
            if before is None:
                self.forget_damage()

    def _watch_pointer(self, *, on: bool) -> None:
        self.root.xinput_select_events([(xinput.AllMasterDevices, xinput.RawMotionMask if on else 0)])
        self.x.xfixes_select_cursor_input(self.root, xfixes.XFixesDisplayCursorNotifyMask if on else 0)
        self.x.sync()

    def pump(self) -> bool:
        """Send what is queued and take in the events that came; whether any did."""
        came = False
        while self.x.pending_events():
            self._take(self.x.next_event())
            came = True
        self.x.flush()
        return came

    def _take(self, came: rq.Event) -> None:
        if came.type == self.x.extension_event.DamageNotify:
            area = came.area
            box = Box(area.x, area.y, area.x + area.width, area.y + area.height)
            self.damaged.append(Damage(time.monotonic(), box))
        elif came.type in (ge.GenericEventCode, self.x.extension_event.DisplayCursorNotify[0]):
            self.damaged.append(Damage(time.monotonic(), EVERYWHERE))
        elif came.type == X.ConfigureNotify and came.send_event:  # by ICCCM 4.1.5 where the border is on the screen
            border = came.border_width
            place = (came.x + border, came.y + border, came.width, came.height)
            self._given.setdefault(came.window.id, place)

    def keys_down(self) -> list[int]:
        """Key codes that the server holds to be down."""
        bits = self.x.query_keymap()
        return [code for code in KEYS if bits[code // 8] & 1 << code % 8]

    def pointer(self) -> tuple[int, int, int]:
        """Where the pointer is, and the mask of buttons, modifiers and locks."""
        state = self.root.query_pointer()
        return state.root_x, state.root_y, state.mask

    def buttons_down(self) -> list[int]:
        """Buttons that the server holds to be down; the mask of the core protocol shows the first five only."""
        (device,) = self.x.xinput_query_device(POINTER).devices
        (state,) = (part.state for part in device.classes if part.type == xinput.ButtonClass)
        return [button for button in BUTTONS if state[button - 1]]

    def release(self, held_keys: Container[int] = (), held_buttons: Container[int] = ()) -> None:
        """Release every key and button that is down and not held; look again, since releasing may be overtaken."""
        for _ in range(3):
            keys = [key for key in self.keys_down() if key not in held_keys]
            buttons = [button for button in self.buttons_down() if button not in held_buttons]
            if not keys and not buttons:
                return
            for key in keys:
                self.x.xtest_fake_input(X.KeyRelease, key)
            for button in buttons:
                self.x.xtest_fake_input(X.ButtonRelease, button)
            self.x.sync()

    def manager_there(self) -> bool:
        """Whether a window manager has taken the screen, by EWMH: the window it names names itself."""
        named = self.numbers(self.root, "_NET_SUPPORTING_WM_CHECK")
        return bool(named) and self.numbers(self.window(named[0]), "_NET_SUPPORTING_WM_CHECK") == named

    def manager(self) -> int | None:
        """The window manager's process; None where there is none, or the server does not tell."""
        named = self.numbers(self.root, "_NET_SUPPORTING_WM_CHECK")
        return self.process(self.window(named[0])) if named else None

    def probe(self) -> Window:
        """A window, never shown, to ask the window manager about: what it answers proves that it serves requests."""
        window: Window = self.root.create_window(-1, -1, 1, 1, 0, X.CopyFromParent)
        self.listen(window)
        return window

    def end_probe(self, probe: Window) -> None:
        """Take a probe away. Its number is not used again: a late answer would be taken for one about the next."""
        request.DestroyWindow(display=self.x.display, window=probe.id)

    def manager_answers(self, probe: Window) -> bool:
        """Whether the window manager has answered about the probe; asks it again where it has not."""
        if self.numbers(probe, "_NET_FRAME_EXTENTS"):
            return True
        self.tell_manager(probe, "_NET_REQUEST_FRAME_EXTENTS")
        return False

    def tell_manager(self, window: Window, message: str, *data: int) -> None:
        """Send the window manager a message about a window, with up to five numbers."""
        numbers = [number & 0xFFFF_FFFF for number in (*data, 0, 0, 0, 0, 0)[:5]]
        told = event.ClientMessage(window=window, client_type=self.atom(message), data=(32, numbers))
        self.root.send_event(told, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)

    def panel_ready(self) -> bool:
        """Whether something has reserved a strip of the screen, as a panel does once it is there."""
        area, size = self.numbers(self.root, "_NET_WORKAREA"), self.size()
        return len(area) >= 4 and (area[2] < size.width or area[3] < size.height)  # noqa: PLR2004 - x, y, width, height

    def window(self, number: int) -> Window:
        """The window with this number, which may be gone already."""
        return self.x.create_resource_object("window", number)

    def cut(self) -> None:
        """Break the connection, from any thread: whoever waits on it gets an error."""
        self._cut = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; a lost one as well."""
        self._cut = True
        with suppress(*LOST):
            self.x.close()


def knock(name: str) -> None:
    """Raise Refused(DISPLAY_LOST) where no X server answers; the libraries' own connecting knows no time limit.

    They would also go on to TCP, where any program of the desktop user may pose as one.
    """
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(KNOCK_S)
        try:
            door.connect(f"/tmp/.X11-unix/X{name.partition(':')[2].partition('.')[0]}")  # noqa: S108 - X's own place
            door.sendall(HELLO)
            answer = door.recv(1)
        except OSError as failure:
            raise _display_lost(failure) from None
    if answer != b"\1":
        raise _display_lost(ConnectionError("it refused the connection"))


@contextmanager
def translated() -> Iterator[None]:
    """Turn the loss of the X server into Refused(DISPLAY_LOST)."""
    try:
        yield
    except (error.ConnectionClosedError, error.DisplayConnectionError) as failure:
        raise _display_lost(failure) from None


def automation(connection: Connection) -> ModuleType:
    """pyautogui, working over this connection. Imported here, since its import needs a running X server."""
    if "pyautogui" not in sys.modules:
        _import_automation(connection.x.get_display_name())
    import pyautogui  # noqa: PLC0415 - see above
    from pyautogui import _pyautogui_x11 as back_end  # noqa: PLC0415 - see above

    back_end._display = connection.x  # noqa: SLF001 - it has no other way to another display
    module: ModuleType = pyautogui
    return module


def _import_automation(display: str) -> None:
    os.environ["DISPLAY"] = display
    sys.modules["mouseinfo"] = None  # type: ignore[assignment] # it asks for tkinter and ends the process
    sys.modules["pyscreeze"] = None  # type: ignore[assignment] # it starts programs to look for others
    import pyautogui  # noqa: PLC0415 - not before there is a display
    from pyautogui import _pyautogui_x11 as back_end  # noqa: PLC0415 - see above

    back_end._display.close()  # noqa: SLF001 - ours takes its place
    pyautogui.PAUSE, pyautogui.FAILSAFE = 0, False


def _ignore(failure: error.XError, request: rq.Request | None) -> None:
    """Errors nobody waits for."""


def _display_lost(failure: Exception) -> Refused:
    return Refused(
        ErrorCode.DISPLAY_LOST,
        f"the X server ended or did not answer ({failure}); one that ended is started again with an empty screen, "
        f"one that a program holds answers when that program ends: try again",
    )
