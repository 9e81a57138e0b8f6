"""Windows, as the window manager knows them."""

from __future__ import annotations

from harness.sandbox.desktop.requests import GRACE, Requests, ms, sendable
from sandbox_image.wire import (
    ListWindows,
    WaitWindow,
    Window,
    WindowFound,
    WindowList,
)


class Windows(Requests):
    """What can be done with windows."""

    async def windows(self) -> tuple[Window, ...]:
        """The windows that the window manager manages, bottom to top."""
        return (await self._one(ListWindows(), WindowList)).windows

    async def wait_for_window(
        self,
        title: str | None = None,
        *,
        title_regex: str | None = None,
        window_class: str | None = None,
        pid: int | None = None,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting, and says what it saw meanwhile
    ) -> Window:
        """Wait for a visible window that matches everything given; raises NoSuchWindow after `timeout`."""
        with sendable():
            action = WaitWindow(
                title=title, title_regex=title_regex, window_class=window_class, pid=pid, timeout_ms=ms(timeout, 0)
            )
        return (await self._one(action, WindowFound, deadline=timeout + GRACE)).window
