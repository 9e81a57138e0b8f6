"""One list of checks for the fake desktop and for the one in a container."""

from __future__ import annotations

import pytest

from harness import sandbox
from harness.testing import FakeDesktop, FakeWindow
from tests.support.conformance import CHECKS, Check


class FakeEditor(FakeWindow):
    """Asks before it closes where something was typed."""

    def closing(self) -> FakeWindow | None:
        return FakeWindow(title="Save Changes?") if self.text else super().closing()


def fake_mousepad(_: tuple[str, ...]) -> FakeWindow:
    return FakeEditor(title="Untitled 1 - Mousepad", window_class=("mousepad", "Mousepad"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_fake_desktop_keeps_to_it(check: Check) -> None:
    apps = {"mousepad": fake_mousepad, "true": lambda _: None}
    await check(FakeDesktop(apps=apps, openers={".txt": "mousepad"}, patient=True))


@pytest.mark.container
@pytest.mark.timeout(400)  # it is the whole list
async def test_the_desktop_in_a_container_keeps_to_all_of_it() -> None:
    failed: list[str] = []
    async with sandbox() as desktop:
        for check in CHECKS:
            try:
                await check(desktop)
            except Exception as error:  # noqa: BLE001 - all of them are told at once
                failed.append(f"{getattr(check, '__name__', check)}: {error!r}")
    assert failed == []
