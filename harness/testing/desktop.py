"""A Desktop over a FakeGuest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.sandbox.desktop import Desktop
from harness.sandbox.desktop.requests import extent
from harness.testing.guest import FakeGuest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.sandbox.desktop.requests import Extent
    from harness.testing.programs import Factory
    from harness.testing.shell import ShellHandler


class FakeDesktop(Desktop):
    """The real Desktop at an in-memory screen; `guest` is the screen's state, for tests to look at and change."""

    def __init__(
        self,
        screen: Extent | None = None,
        *,
        apps: Mapping[str, Factory] | None = None,
        openers: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        bash: ShellHandler | None = None,
        patient: bool = False,
    ) -> None:
        self.guest = FakeGuest(extent(screen), apps=apps, openers=openers, files=files, bash=bash, patient=patient)
        super().__init__(self.guest, self.guest.screen)
