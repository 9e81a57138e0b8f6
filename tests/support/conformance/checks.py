"""How a check is written, and what several of them need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Settle, Window

Check = Callable[[Desktop], Awaitable[None]]
CHECKS: list[Check] = []
HOME = "/home/user"
QUICK = Settle(quiet_ms=1, first_ms=1)


def check(function: Check) -> Check:
    """Add a check to the list."""
    CHECKS.append(function)
    return function


async def editor(desktop: Desktop) -> Window:
    """A new editor window with the focus."""
    before = {window.id for window in await desktop.windows()}
    launched = await desktop.launch("mousepad", "--disable-server")
    window = await desktop.wait_for_window("mousepad", pid=launched.pid)
    assert window.id not in before
    await desktop.click(window.region)
    return await listed(desktop, window)


async def listed(desktop: Desktop, window: Window) -> Window:
    """The window as it is now: programs give themselves another size soon after they show."""
    (found,) = (one for one in await desktop.windows() if one.id == window.id)
    return found
