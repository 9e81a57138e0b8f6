from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from Xlib import X, Xatom
from Xlib.display import Display

from sandbox_image.display import Connection, knock
from sandbox_image.wire import ErrorCode, Refused, Size
from tests.support.xserver import Target, await_manager, running, x_server

pytestmark = pytest.mark.x11


@pytest.fixture
def connection(display: str) -> Iterator[Connection]:
    opened = Connection(display)
    yield opened
    opened.close()


def test_everything_that_is_down_is_released(connection: Connection) -> None:
    codes = sorted(connection.x.keysym_to_keycode(symbol) for symbol in (0xFFE1, 0xFFE3, 0x61, 0xFF0D))
    for code in codes:
        connection.x.xtest_fake_input(X.KeyPress, code)
    for button in (2, 3):
        connection.x.xtest_fake_input(X.ButtonPress, button)
    connection.x.sync()
    assert connection.keys_down() == codes
    connection.release()
    assert connection.keys_down() == []
    assert connection.buttons_down() == []


def test_a_window_that_is_gone_has_no_properties(connection: Connection, target: Target) -> None:
    window = connection.window(target.window.id)
    assert connection.raw(window, "WM_NAME") == b"target"
    target.window.destroy()
    target.x.sync()
    assert connection.raw(window, "WM_NAME") == b""
    assert connection.numbers(window, "_NET_WM_PID") == []


def test_a_property_of_another_kind_is_none(connection: Connection, target: Target) -> None:
    target.window.change_property(target.x.get_atom("_NET_WM_PID"), Xatom.STRING, 8, b"text")
    target.window.change_property(Xatom.WM_NAME, Xatom.CARDINAL, 32, [1, 2])
    target.x.sync()
    window = connection.window(target.window.id)
    assert connection.numbers(window, "_NET_WM_PID") == []
    assert connection.raw(window, "WM_NAME") == b""


def test_a_panel_shows_by_the_strip_it_reserves(connection: Connection, target: Target) -> None:
    assert not connection.panel_ready()
    target.window.change_property(target.x.get_atom("_NET_WM_STRUT"), Xatom.CARDINAL, 32, [0, 0, 0, 40])
    target.x.sync()
    connection.listen(connection.root)
    asyncio.run(asyncio.wait_for(asyncio.to_thread(_wait_for_panel, connection), 20))


def _wait_for_panel(connection: Connection) -> None:
    while not connection.panel_ready():
        connection.pump()


def test_the_first_place_a_window_manager_gives_a_window_is_known(
    connection: Connection, target: Target, display: str
) -> None:
    window = connection.window(target.window.id)
    connection.listen(window)
    assert connection.take_given(window.id) is None
    for x, y in ((30, 50), (60, 90)):
        connection.tell_manager(window, "_NET_MOVERESIZE_WINDOW", X.StaticGravity | 0b0011 << 8, x, y)
    connection.x.sync()
    await_manager(display)
    assert connection.take_given(window.id) == (30, 50, 640, 480)
    assert connection.take_given(window.id) is None


def test_the_screen_has_its_size(connection: Connection) -> None:
    assert connection.size() == Size(width=1280, height=800)


def test_a_lost_connection_is_known_as_lost(connection: Connection) -> None:
    assert not connection.lost
    connection.cut()
    assert connection.lost


def test_without_an_x_server_nobody_answers() -> None:
    with pytest.raises(Refused) as refusal:
        knock(":4999")
    assert refusal.value.failure.code is ErrorCode.DISPLAY_LOST


def test_whoever_listens_without_being_an_x_server_is_not_taken_for_one() -> None:
    path = Path("/tmp/.X11-unix/X4998")  # noqa: S108 - where X servers listen
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        hanging_up = threading.Thread(target=_hang_up, args=(server,))
        hanging_up.start()
        with pytest.raises(Refused):
            knock(":4998")
        hanging_up.join()
    path.unlink()


def _hang_up(server: socket.socket) -> None:
    visitor, _ = server.accept()
    visitor.close()


def test_the_window_manager_is_ready_once_it_serves_requests() -> None:
    with x_server() as (name, _):
        connection = Connection(name)
        assert not connection.manager_there()
        probe = connection.probe()
        assert not connection.manager_answers(probe)
        with running("openbox", display=name):
            while not connection.manager_answers(probe):
                connection.pump()
            assert connection.manager_there()
            other = Display(name)
            Target(name).show().close()
            other.close()
        connection.close()
