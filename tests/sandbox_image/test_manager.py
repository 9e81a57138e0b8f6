"""What is read of many windows, and of odd ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from Xlib import X, Xatom
from Xlib.display import Display

from sandbox_image.lane import Desk
from sandbox_image.manager import attended, managed, numbers, see, tell
from sandbox_image.wire import ErrorCode, Refused, Region

if TYPE_CHECKING:
    from sandbox_image.wire import Window
    from tests.support.xserver import Target

pytestmark = pytest.mark.x11
MANAGER = """
import sys, time
from Xlib import X, Xatom
from Xlib.display import Display
x = Display(sys.argv[1])
root = x.screen().root
root.change_attributes(event_mask=X.SubstructureRedirectMask)
check, extents = x.get_atom("_NET_SUPPORTING_WM_CHECK"), x.get_atom("_NET_FRAME_EXTENTS")
window = root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
for one in (root, window):
    one.change_property(check, Xatom.WINDOW, 32, [window.id])
x.sync()
print(flush=True)
while True:
    asked = x.next_event()
    if asked.type == X.ClientMessage:
        {}
        asked.window.change_property(extents, Xatom.CARDINAL, 32, [0, 0, 0, 0])
        x.flush()
"""


@pytest.fixture
def desk(display: str) -> Iterator[Desk]:
    opened = Desk(display)
    attended(opened)
    yield opened
    opened.close()


def read(desk: Desk, target: Target) -> Window:
    target.x.sync()
    (seen,) = see(desk, [target.window.id])
    return seen.window


def test_thousands_of_windows_are_read_without_those_that_are_gone(desk: Desk, display: str) -> None:
    x = Display(display)
    made = [x.screen().root.create_window(number, 5, 10, 20, 0, X.CopyFromParent) for number in range(2000)]
    for number, window in enumerate(made):
        window.set_wm_name(f"window {number}")
    for window in made[::2]:
        window.destroy()
    x.sync()
    seen = see(desk, [window.id for window in made])
    assert [one.window.title for one in seen] == [f"window {number}" for number in range(1, 2000, 2)]
    assert seen[-1].window.region == Region(x=1999, y=5, width=10, height=20)
    assert not any(one.visible for one in seen)
    x.close()


@pytest.mark.parametrize(
    ("kind", "raw", "title"),
    [
        ("STRING", "Caf\xe9".encode("latin-1"), "Caf\xe9"),
        ("STRING", "Caf\xe9".encode(), "Caf\xe9"),
        ("UTF8_STRING", b"a\xffb", "a\ufffdb"),
        ("STRING", b"x" * 1_000_000, "x" * 1024),
        ("UTF8_STRING", ("x" + "\xe9" * 1000).encode(), "x" + "\xe9" * 511),
    ],
)
def test_titles_are_text_whatever_programs_put_there(
    desk: Desk, target: Target, kind: str, raw: bytes, title: str
) -> None:
    pieces = [raw[start : start + 200_000] for start in range(0, len(raw), 200_000)]
    for number, piece in enumerate(pieces):
        mode = X.PropModeAppend if number else X.PropModeReplace
        target.window.change_property(Xatom.WM_NAME, target.x.get_atom(kind), 8, piece, mode)
    assert read(desk, target).title == title


def test_a_dialog_says_whose_it_is(desk: Desk, target: Target) -> None:
    target.window.change_property(Xatom.WM_TRANSIENT_FOR, Xatom.WINDOW, 32, [4711])
    target.x.sync()
    (seen,) = see(desk, [target.window.id])
    assert (seen.owner, seen.visible) == (4711, True)


def test_a_window_that_is_gone_or_unknown_to_the_manager_is_no_window(desk: Desk, target: Target) -> None:
    assert numbers(desk.x) == [target.window.id]
    assert managed(desk, target.window.id).window.title == "target"
    for number in (desk.x.root.id, 77):
        with pytest.raises(Refused, match=f"there is no window {number}") as refusal:
            managed(desk, number)
        assert refusal.value.failure.code is ErrorCode.NO_SUCH_WINDOW


@contextmanager
def ruled(text: str) -> Iterator[tuple[Desk, int]]:
    """A screen ruled by a window manager in Python that does this before it answers a request, and its process id."""
    from tests.support.xserver import x_server  # noqa: PLC0415 - only the X ring has it

    command = [sys.executable, "-c", MANAGER.format(text)]
    with x_server() as (name, _), subprocess.Popen([*command, name], stdout=subprocess.PIPE) as manager:
        assert manager.stdout is not None
        manager.stdout.readline()
        desk = Desk(name)
        try:
            yield desk, manager.pid
        finally:
            desk.close()
            manager.kill()


def test_a_window_manager_at_work_is_waited_for_however_long_that_takes() -> None:
    with ruled("while time.process_time() < 3: pass") as (desk, pid):
        assert desk.x.manager() == pid
        assert attended(desk, patience_s=1)


def test_a_window_manager_that_neither_answers_nor_works_is_given_up_and_one_that_goes_on_is_not() -> None:
    with ruled("pass") as (desk, pid):
        os.kill(pid, signal.SIGSTOP)
        assert not attended(desk, patience_s=0.2)
        os.kill(pid, signal.SIGCONT)
        assert attended(desk, patience_s=20)


def test_without_a_window_manager_nothing_is_attended() -> None:
    from tests.support.xserver import x_server  # noqa: PLC0415 - only the X ring has it

    with x_server() as (name, _):
        desk = Desk(name)
        assert not attended(desk, time.monotonic() + 0.05)
        with pytest.raises(Refused, match="window manager did not answer") as refusal:
            tell(desk, desk.x.root.id, "_NET_CLOSE_WINDOW")
        assert refusal.value.failure.code is ErrorCode.BLOCKED
        desk.close()
