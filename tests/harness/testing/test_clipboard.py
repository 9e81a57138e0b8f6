"""The clipboard of the fake desktop."""

from __future__ import annotations

import pytest

from harness.testing.clipboard import FakeClipboard
from harness.testing.held import Held
from sandbox_image.wire import PNG, ClipboardRead, ReadClipboard, SetClipboard


@pytest.fixture
def clipboard() -> FakeClipboard:
    return FakeClipboard(Held())


async def test_nothing_is_in_it_at_first(clipboard: FakeClipboard) -> None:
    assert await clipboard.do(ReadClipboard()) == ClipboardRead()
    assert clipboard.text is None


async def test_a_content_is_read_in_the_form_asked_for(clipboard: FakeClipboard) -> None:
    await clipboard.do(SetClipboard(text="text", image=PNG))
    targets = ("UTF8_STRING", "image/png")
    assert await clipboard.do(ReadClipboard()) == ClipboardRead(targets=targets, text="text")
    assert await clipboard.do(ReadClipboard(form="image")) == ClipboardRead(targets=targets, image=PNG)
    assert await clipboard.do(ReadClipboard(form="html")) == ClipboardRead(targets=targets)


async def test_the_last_content_is_the_only_one(clipboard: FakeClipboard) -> None:
    await clipboard.do(SetClipboard(text="text"))
    await clipboard.do(SetClipboard(html="<b>"))
    assert (await clipboard.do(ReadClipboard())) == ClipboardRead(targets=("text/html",))
    assert clipboard.text is None
