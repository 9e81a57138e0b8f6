"""The mouse."""

from __future__ import annotations

import pytest

from harness.errors import NotOnScreen
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import QUICK, check


@check
async def the_last_pixel_is_on_the_screen_and_the_next_is_not(desktop: Desktop) -> None:
    right, bottom = desktop.screen.width - 1, desktop.screen.height - 1
    for corner in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
        await desktop.move(corner, settle=QUICK)
    for outside in ((right + 1, 0), (0, bottom + 1), (-1, 0), (0, -1)):
        for attempt in (desktop.move(outside), desktop.click(outside), desktop.scroll(outside, dy=1)):
            with pytest.raises(NotOnScreen):
                await attempt
        with pytest.raises(NotOnScreen):
            await desktop.drag((0, 0), outside)
