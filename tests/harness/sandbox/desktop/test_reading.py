"""Text on the screen: read, found, waited for."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness.errors import DeadlinePassed, NotInstalled, UsageError
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Action, ReadText, Region, WaitChange
from tests.support.desktops import SCREEN, fake

LEFT, RIGHT = (Region(x=x, y=60, width=200, height=120) for x in (20, 320))


def desktop(*texts: str) -> FakeDesktop:
    """Windows with these texts, side by side."""
    made = FakeDesktop(SCREEN, patient=True)
    for text, region in zip(texts, (LEFT, RIGHT), strict=False):
        made.guest.show(FakeWindow(title="Note", text=text, region=region))
    return made


async def test_text_is_read_where_it_was_typed() -> None:
    desktop = fake()
    launched = await desktop.launch("editor")
    window = await desktop.wait_for_window(pid=launched.pid)
    await desktop.type("plain words")
    assert [word.text for word in await desktop.read_text(window.region)] == ["plain", "words"]


async def test_words_that_ocr_is_not_sure_of_can_be_left_out() -> None:
    assert await desktop("Save").read_text(confidence=100)
    assert await desktop("Save").read_text(confidence=100.1) == ()
    assert await desktop("Save").find_text("Save", confidence=100.1) == ()


async def test_text_is_found_by_what_it_says_and_by_a_pattern() -> None:
    looked = desktop("Save as\nSaved")
    (match,) = await looked.find_text("SAVE AS")
    assert (match.text, match.confidence) == ("Save as", 100)
    assert [found.text for found in await looked.find_text(re.compile("Save"))] == ["Save", "Saved"]
    assert await looked.find_text(re.compile("SAVE")) == ()
    assert await looked.find_text("Quit") == ()


async def test_the_nth_place_counts_from_one_in_reading_order() -> None:
    looked = desktop("Save", "Save")
    first, second = await looked.find_text("Save")
    assert first.box.x < second.box.x
    assert await looked.find_text("Save", nth=2) == (second,)
    assert await looked.find_text("Save", nth=3) == ()
    assert await looked.find_text("Save", region=RIGHT) == (second,)
    assert await looked.wait_for_text("Save", nth=2) == second


async def test_a_click_at_a_match_hits_what_was_found() -> None:
    looked, clicked = FakeDesktop(SCREEN), list[str]()
    looked.guest.show(FakeWindow(buttons={"Cancel": lambda _: None, "Save": lambda _: clicked.append("Save")}))
    (match,) = await looked.find_text("Save")
    await looked.click(match.box)
    assert clicked == ["Save"]


async def test_text_that_comes_while_the_screen_is_read_is_found() -> None:
    looked, reads = desktop(), 0

    async def hook(action: Action) -> None:
        nonlocal reads
        if isinstance(action, WaitChange):  # it begins after the screen was read, and compares with what was read
            looked.guest.show(FakeWindow(text="Ready", region=LEFT))
        reads += isinstance(action, ReadText)

    looked.guest.hook = hook
    assert (await looked.wait_for_text("Ready")).text == "Ready"
    assert reads == 2


async def test_a_screen_that_does_not_change_is_read_once() -> None:
    looked = desktop("Loading")
    with pytest.raises(DeadlinePassed, match=r"'Ready' cannot be read after 0\.1 s"):
        await looked.wait_for_text("Ready", timeout=0.1)
    assert sum(isinstance(action, ReadText) for action in looked.guest.done) == 1


async def test_text_that_does_not_come_is_told_with_what_looks_like_it() -> None:
    with pytest.raises(DeadlinePassed, match=r"what looks most like it: 'Reddy' at \(\d+, \d+\)"):
        await desktop("Reddy").wait_for_text("Ready", timeout=0)


async def test_text_is_waited_for_until_it_is_gone() -> None:
    looked, began = desktop("Loading"), asyncio.Event()

    async def hook(action: Action) -> None:
        if isinstance(action, WaitChange):
            began.set()

    looked.guest.hook = hook
    waiting = asyncio.create_task(looked.wait_for_text_gone("Loading"))
    await began.wait()
    assert not waiting.done()
    await looked.press("backspace")
    await waiting
    with pytest.raises(DeadlinePassed, match="'Loadin' can still be read after 0 s"):
        await looked.wait_for_text_gone("Loadin", timeout=0)


async def test_what_cannot_be_looked_for_is_the_callers_error() -> None:
    with pytest.raises(UsageError, match="more than space"):
        await fake().find_text(" ")
    with pytest.raises(UsageError, match="nth counts from 1; found 0"):
        await fake().wait_for_text("x", nth=0)
    with pytest.raises(UsageError, match="languages"):
        await fake().read_text(languages="eng")
    with pytest.raises(NotInstalled, match="no OCR data for deu; it has eng"):
        await fake().read_text(languages=("eng", "deu"))
