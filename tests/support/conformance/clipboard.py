"""The clipboard."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import PNG
from tests.support.conformance.checks import check

LARGE = PNG + bytes(range(256)) * 8_000  # 2 MB


@check
async def the_clipboard_holds_one_content_in_several_forms(desktop: Desktop) -> None:
    await desktop.set_clipboard("é漢\n", html="<b>é</b>", image=LARGE)
    assert await desktop.clipboard() == "é漢\n"
    assert await desktop.clipboard_html() == "<b>é</b>"
    assert await desktop.clipboard_image() == LARGE
    assert {"UTF8_STRING", "text/html", "image/png"} <= {*await desktop.clipboard_targets()}
    await desktop.set_clipboard(html="<i>")
    assert (await desktop.clipboard(), await desktop.clipboard_image()) == (None, None)
    assert await desktop.clipboard_targets() == ("text/html",)


@check
async def what_the_clipboard_cannot_hold_leaves_it_as_it_was(desktop: Desktop) -> None:
    await desktop.set_clipboard("before")
    with pytest.raises(UsageError):
        await desktop.set_clipboard(image=b"no picture")
    with pytest.raises(UsageError):
        await desktop.set_clipboard()
    assert await desktop.clipboard() == "before"
