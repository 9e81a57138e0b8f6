"""Text of every script into every kind of program, and what they say became of it."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness import sandbox
from harness.sandbox.desktop import Desktop
from harness.sandbox.desktop.reading_back import Verdict
from tests.support.images import having

pytestmark = pytest.mark.container
EVERY_SCRIPT = """\
Grüße, àéîõü, \N{LATIN SMALL LETTER E}\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW} a\N{COMBINING RING ABOVE}
Καλημέρα Привет Ёж שלום مرحبا สวัสดี नमस्ते
世界 こんにちは 안녕 𠮷野家\ta tab
\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001f1eb\U0001f1f7 \u2764\ufe0f “quotes” — €
{}[]|\\@#~^`"' the end"""
AREA = "data:text/html;charset=utf-8,<title>ready</title><textarea autofocus style=width:90vw;height:80vh></textarea>"
FIELDS = """<!doctype html><meta charset=utf-8><title>Fields</title><input autofocus><input maxlength=3><textarea>
</textarea><div contenteditable></div><input type=password><input oninput="value = value.toUpperCase()">
<form onsubmit="i.value = ''; return false"><input id=i></form><div contenteditable><p>one</p><p>two</p></div>"""


@pytest.mark.timeout(300)  # the image may have to be made
async def test_text_of_every_script_is_saved_by_a_program_of_qt_as_it_was_typed() -> None:
    apps = await asyncio.to_thread(having, "featherpad")
    async with sandbox(apps=apps) as desktop:
        await desktop.launch("featherpad", "--standalone", "typed.txt")
        await desktop.wait_for_window("typed.txt")
        back = await desktop.type(EVERY_SCRIPT, read_back=True)
        await desktop.press("ctrl+s")
        await desktop.wait_for_window(re.compile(r"^[^*]*typed.txt$"))
        assert (await desktop.read("typed.txt")).decode().removesuffix("\n") == EVERY_SCRIPT
        assert back.exact, back
        back = await desktop.type("\n  indented\nby the editor", read_back=True)
        assert (back.verdict, back.found) == ("differs", "\n  indented\n  by the editor")


@pytest.mark.parametrize("layout", ["ru", "gr"])
async def test_shortcuts_and_text_are_the_same_on_a_keyboard_without_latin_letters(layout: str) -> None:
    async with sandbox() as desktop:
        await desktop.bash(f"setxkbmap {layout}")
        for argv, title in ((("mousepad", "--disable-server"), "Mousepad"), (("chromium", AREA), "ready")):
            window = await desktop.wait_for_window(title, pid=(await desktop.launch(*argv)).pid)
            await desktop.click(window.region)
            await desktop.type("taken back ")
            for word in ("Жар ", "漢字 @"):
                await desktop.press("ctrl+a")
                assert (await desktop.type(word, read_back=True)).exact
            await desktop.press("ctrl+a")
            await desktop.press("ctrl+x")
            assert await desktop.clipboard() == "漢字 @"
            focus = await desktop.focused()
            assert focus.text is not None
            assert focus.text.length == 0
        for program in ("xterm", "lxterminal"):
            await desktop.launch(program)
            await desktop.wait_for_window(window_class=program)
            await desktop.type("cat >typed; mv typed done\nsome text\n")
            await desktop.press("ctrl+d")
            assert (
                await desktop.bash("until test -e done; do sleep 0.1; done; cat done; rm done")
            ).output == "some text\n"


async def read_back(desktop: Desktop, text: str, verdict: Verdict, found: str | None, reason: str = "") -> None:
    """Type a text that is told to have become this."""
    back = await desktop.type(text, read_back=True)
    assert (back.verdict, back.found) == (verdict, found), back
    assert reason in back.reason


async def test_what_became_of_typed_text_is_told_by_editors_and_terminals_and_not_by_xterm() -> None:
    async with sandbox() as desktop:
        await desktop.launch("mousepad", "--disable-server")
        await desktop.wait_for_window("Mousepad")
        await read_back(desktop, EVERY_SCRIPT, "exact", EVERY_SCRIPT)
        await desktop.press("ctrl+a")
        await read_back(desktop, "in its place", "exact", "in its place")
        await desktop.launch("lxterminal")
        await desktop.wait_for_node("terminal", states=["focused"])
        await read_back(desktop, "echo Grüße 漢字", "exact", "echo Grüße 漢字")
        assert (await desktop.type("\n", read_back=True)).exact
        assert (await desktop.type(f"echo {'漢' * 100}", read_back=True)).exact
        assert (await desktop.type("\ncat\n", read_back=True)).exact
        assert (await desktop.type("one\ntwo\n", read_back=True)).exact
        await desktop.press("ctrl+d")
        await desktop.type("read -s word\n")
        await read_back(desktop, "hidden", "unknown", "", "shows nothing of it")
        await desktop.launch("xterm", "-u8")
        await desktop.wait_for_window(window_class="xterm")
        await read_back(desktop, "text", "unknown", None, "no program tells")


async def test_what_became_of_typed_text_is_told_by_the_fields_of_a_page() -> None:
    async with sandbox() as desktop:
        await desktop.put(FIELDS.encode(), "fields.html")
        await desktop.launch("chromium", "file:///home/user/fields.html")
        await desktop.wait_for_window("Fields")
        await desktop.wait_for_node("entry", states=["focused"])
        await read_back(desktop, "Grüße 漢字\t", "exact", "Grüße 漢字")
        await read_back(desktop, "too long", "differs", "too")
        await desktop.press("Tab")
        await read_back(desktop, "two\nlines\n", "exact", "two\nlines\n")
        await desktop.press("Tab")
        await read_back(desktop, "with a space ", "exact", "with a space\N{NO-BREAK SPACE}")
        await desktop.press("Tab")
        await read_back(desktop, "hidden", "unknown", None, "holds a password")
        await desktop.press("Tab")
        await read_back(desktop, "loud", "differs", "LOUD")
        await desktop.press("Tab")
        await read_back(desktop, "sent\n", "unknown", "", "is empty now")
        await desktop.press("Tab")
        await read_back(desktop, "text", "unknown", None, "in pieces")
