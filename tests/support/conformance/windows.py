"""Windows."""

from __future__ import annotations

import pytest

from harness.errors import NoSuchWindow
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import check, editor


@check
async def windows_are_found_by_title_class_and_pid_together(desktop: Desktop) -> None:
    window = await editor(desktop)
    same = await desktop.wait_for_window(title_regex="(?i)mouse.*d$", window_class="MOUSEPAD", pid=window.pid)
    assert same.id == window.id
    with pytest.raises(NoSuchWindow):
        await desktop.wait_for_window("mousepad", window_class="other", timeout=0.05)


@check
async def a_window_that_does_not_come_is_told_after_the_time_given(desktop: Desktop) -> None:
    with pytest.raises(NoSuchWindow, match="no-such-window"):
        await desktop.wait_for_window("no-such-window", timeout=0.05)
