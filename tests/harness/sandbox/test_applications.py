"""What only the real applications show: Chromium at a page that says in its title what reached it."""

from __future__ import annotations

import pytest

from harness import sandbox
from sandbox_image.wire import Settle

pytestmark = pytest.mark.container
PAGE = "data:text/html;charset=utf-8,<title>empty</title><input id=i autofocus oninput=document.title=i.value>"


async def test_a_character_that_the_keyboard_lacks_reaches_the_browser_at_its_first_press() -> None:
    async with sandbox() as desktop:
        await desktop.launch("chromium", PAGE)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        for character, title in (("a", "a"), ("€", "a€"), ("世", "a€世"), ("Ж", "a€世Ж")):
            await desktop.press(character)
            await desktop.wait_for_window(f"{title} - Chromium", timeout=5)
