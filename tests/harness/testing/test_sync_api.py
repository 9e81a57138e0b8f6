from __future__ import annotations

import asyncio
from typing import assert_type

import pytest

from harness import testing
from harness.errors import NoSuchWindow, NotOnScreen
from harness.testing import FakeGuest, FakeWindow
from harness.testing.sync_api import FakeDesktop, fake_desktop
from sandbox_image.wire import Size

SCREEN = Size(width=640, height=480)


def editor(_: tuple[str, ...]) -> FakeWindow:
    return FakeWindow(title="Editor")


def test_the_same_calls_give_the_same_results_as_the_asynchronous_fake() -> None:
    async def asynchronous() -> list[object]:
        desktop = testing.FakeDesktop(SCREEN, apps={"editor": editor}, files={"file": b"data"})
        return [
            await desktop.launch("editor"),
            await desktop.wait_for_window("Editor"),
            await desktop.click((320, 240)),
            await desktop.type("Hello"),
            await desktop.read_text(),
            await desktop.bash("echo hi"),
            await desktop.read("file"),
            (await desktop.screenshot(format="png")).data,
        ]

    with fake_desktop(SCREEN, apps={"editor": editor}, files={"file": b"data"}) as desktop:
        blocking: list[object] = [
            desktop.launch("editor"),
            desktop.wait_for_window("Editor"),
            desktop.click((320, 240)),
            desktop.type("Hello"),
            desktop.read_text(),
            desktop.bash("echo hi"),
            desktop.read("file"),
            desktop.screenshot(format="png").data,
        ]
    assert blocking == asyncio.run(asynchronous())


def test_what_the_asynchronous_fake_refuses_is_refused() -> None:
    with fake_desktop(SCREEN) as desktop:
        with pytest.raises(NotOnScreen):
            desktop.click((640, 0))
        with pytest.raises(NoSuchWindow):
            desktop.wait_for_window("Editor", timeout=0)


def test_the_state_behind_the_screen_is_there_to_look_at() -> None:
    with fake_desktop(apps={"editor": editor}) as desktop:
        assert_type(desktop, FakeDesktop)
        assert_type(desktop.guest, FakeGuest)
        desktop.launch("editor")
        assert [action.kind for action in desktop.guest.done] == ["launch"]
