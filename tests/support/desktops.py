"""A desktop in memory for the tests of Desktop's rooms."""

from __future__ import annotations

from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Region, Size

SCREEN = Size(width=640, height=480)
BOX = Region(x=10, y=20, width=30, height=40)


def fake() -> FakeDesktop:
    """A small screen and one program."""
    return FakeDesktop(SCREEN, apps={"editor": lambda _: FakeWindow(title="Editor")}, openers={"https": "editor"})
