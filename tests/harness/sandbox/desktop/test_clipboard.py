"""The clipboard, at the desktop in memory."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from sandbox_image.wire import MAX_CLIPBOARD_BYTES, PNG
from tests.support.desktops import fake


async def test_it_holds_a_content_in_several_forms_at_once() -> None:
    desktop = fake()
    assert await desktop.clipboard() is None
    await desktop.set_clipboard("text", html="<b>", image=PNG)
    assert (await desktop.clipboard(), await desktop.clipboard_html()) == ("text", "<b>")
    assert await desktop.clipboard_image() == PNG
    assert await desktop.clipboard_targets() == ("UTF8_STRING", "text/html", "image/png")


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        ({}, "at least one of text, html and image"),
        ({"image": b"GIF89a"}, "PNG"),
        ({"text": "é" * (MAX_CLIPBOARD_BYTES // 2), "html": "<"}, "are too many"),
        ({"text": "\ud800"}, "surrogates"),
    ],
)
async def test_what_cannot_be_put_into_it_is_the_callers_error(forms: dict[str, str], message: str) -> None:
    desktop = fake()
    await desktop.set_clipboard("before")
    with pytest.raises(UsageError, match=message):
        await desktop.set_clipboard(**forms)  # type: ignore[arg-type] # the wrong types are the point
    assert await desktop.clipboard() == "before"
