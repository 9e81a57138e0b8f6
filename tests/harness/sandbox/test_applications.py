"""What only the real applications show."""

from __future__ import annotations

import re

import pytest

from harness import sandbox
from sandbox_image.wire import Region, Settle

pytestmark = pytest.mark.container
PATIENT = Settle(patience_ms=20_000, limit_ms=20_000)
HTML = "data:text/html;charset=utf-8,<title>empty</title>"
PAGE = "data:text/html;charset=utf-8,<title>empty</title><input id=i autofocus oninput=document.title=i.value>"


async def test_a_character_that_the_keyboard_lacks_reaches_the_browser_at_its_first_press() -> None:
    async with sandbox() as desktop:
        await desktop.launch("chromium", PAGE)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        for character, title in (("a", "a"), ("€", "a€"), ("世", "a€世"), ("Ж", "a€世Ж")):
            await desktop.press(character)
            await desktop.wait_for_window(f"{title} - Chromium", timeout=5)


@pytest.mark.parametrize(
    ("target", "title"),
    [
        ("Documents", "Documents"),
        ("Documents/a note.txt", "a note.txt - Mousepad"),
        ("Documents/page.html", "A page - Chromium"),
        ("Documents/dot.png", "dot.png"),
        ("https://nowhere.invalid/", "nowhere.invalid - Chromium"),
    ],
)
async def test_files_folders_and_addresses_open_in_their_program_and_from_inside_as_well(
    target: str, title: str
) -> None:
    async with sandbox() as desktop:
        await desktop.put(b"text", "Documents/a note.txt")
        await desktop.put(b"<title>A page</title>", "Documents/page.html")
        await desktop.put(
            (await desktop.screenshot(region=Region(x=0, y=0, width=9, height=9))).data, "Documents/dot.png"
        )
        started = await desktop.open(target)
        window = await desktop.wait_for_window(title)
        await desktop.close_window(window)
        assert await desktop.wait_for_exit(started) == 0
        await desktop.launch("xdg-open", target)
        await desktop.wait_for_window(title)


@pytest.mark.parametrize(
    "argv", [("mousepad",), ("lxterminal",), ("pcmanfm", "Documents"), ("chromium", "about:blank"), ("xterm",)]
)
async def test_windows_of_every_program_can_be_arranged_and_closed(argv: tuple[str, ...]) -> None:
    async with sandbox() as desktop:
        started = await desktop.launch(*argv)
        window = await desktop.wait_for_window(window_class=argv[0])
        moved = await desktop.move_window(window, (150, 120))
        assert (moved.region.x, moved.region.y) == (150, 120)
        sized = await desktop.resize_window(window, (700, 500))
        assert 660 < sized.region.width <= 700
        assert 460 < sized.region.height <= 500
        for state in ("maximized", "minimized", "fullscreen", "normal"):
            assert (await desktop.set_window_state(window, state)).state == state
        assert (await desktop.focus(window)).region == sized.region
        await desktop.close_window(window)
        assert isinstance(await desktop.wait_for_exit(started), int)


async def test_a_browser_goes_back_by_the_mouse_and_takes_modifiers() -> None:
    async with sandbox() as desktop:
        await desktop.put(b"<title>first</title><a href=second.html style='font-size:90px'>LINK</a>", "first.html")
        await desktop.put(b"<title>second</title>", "second.html")
        await desktop.open("first.html")
        window = await desktop.wait_for_window("first - Chromium")
        link = await desktop.wait_for_text("LINK")  # a title comes before its page
        await desktop.click(link.box)
        await desktop.wait_for_window("second - Chromium")
        await desktop.click(window.region, button="back")
        await desktop.wait_for_window("first - Chromium")
        await desktop.click(window.region, button="forward")
        await desktop.wait_for_window("second - Chromium")
        await desktop.click(window.region, button="back")
        await desktop.wait_for_window("first - Chromium")
        await desktop.wait_for_text("LINK")
        await desktop.click(link.box, modifiers=("ctrl", "shift"))  # a new tab, in front
        await desktop.wait_for_window("second - Chromium")
        await desktop.press("ctrl+w")
        await desktop.wait_for_window("first - Chromium")


async def test_an_editor_begins_anew_after_one_was_stopped_with_unsaved_text() -> None:
    async with sandbox() as desktop:
        for title in ("first.txt", "second.txt"):
            started = await desktop.launch("mousepad", title)
            window = await desktop.wait_for_window(window_class="mousepad")
            assert title in window.title
            await desktop.type("not saved")
            await desktop.stop_program(started)


async def test_a_command_that_sleeps_in_a_terminal_is_waited_for_and_one_that_ran_before_is_not() -> None:
    async with sandbox() as desktop:
        await desktop.launch("xterm", "-u8")
        await desktop.wait_for_window("xterm")
        await desktop.screenshot(settle=Settle())
        effect = await desktop.type("sleep .6; touch done; cat\n", settle=Settle(patience_ms=3_000, limit_ms=20_000))
        assert (effect.still, effect.busy) == (True, True)  # cat waits for input, which nobody can tell from work
        assert (await desktop.bash("ls done")).exit_code == 0
        assert not (await desktop.type("a line for cat\n", settle=PATIENT)).busy


async def test_pasted_text_replaces_what_is_selected_and_a_line_end_after_it_is_return() -> None:
    form = "<form onsubmit=\"document.title='sent '+i.value;return false\"><input id=i autofocus value=old></form>"
    async with sandbox() as desktop:
        await desktop.launch("chromium", HTML + form)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        await desktop.press("ctrl+a")
        await desktop.type("Жар 漢字\n")
        await desktop.wait_for_window("sent Жар 漢字 - Chromium")
        await desktop.launch("mousepad", "replaced.txt")
        await desktop.wait_for_window("replaced.txt")
        await desktop.type("old")
        for text in ("漢字", "é", "字漢"):
            await desktop.press("ctrl+a")
            await desktop.type(text)
        await desktop.press("ctrl+s")
        await desktop.wait_for_window(re.compile("^[^*]*replaced.txt"))
        assert (await desktop.read("replaced.txt")).decode().strip() == "字漢"


async def test_a_secret_of_any_script_reaches_a_password_field() -> None:
    field = "<input type=password autofocus oninput=document.title=this.value>"
    async with sandbox() as desktop:
        await desktop.launch("chromium", HTML + field)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        await desktop.set_clipboard("kept")
        await desktop.type("pä$s漢Ж", secret=True)
        await desktop.wait_for_window("pä$s漢Ж - Chromium")
        assert await desktop.clipboard() == "kept"


async def test_a_browser_pastes_html_where_it_can_and_its_own_can_be_read() -> None:
    rich = "<div contenteditable id=d autofocus oninput=document.title=d.innerHTML></div><script>d.focus()</script>"
    async with sandbox() as desktop:
        await desktop.launch("chromium", HTML + rich)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        await desktop.set_clipboard("plain", html="<b>bold</b>")
        await desktop.press("ctrl+v")
        await desktop.wait_for_window(re.compile("<b.*>bold</b>.* - Chromium"))
        await desktop.set_clipboard("nothing yet")
        await desktop.press("ctrl+a")
        await desktop.press("ctrl+c")
        assert await desktop.clipboard() == "bold"
        assert "bold</b>" in (await desktop.clipboard_html() or "")


async def test_a_picture_goes_through_the_clipboard_into_a_page() -> None:
    told = "document.title=[...event.clipboardData.items].map(item=>item.type)"
    taker = f'<div contenteditable id=d onpaste="{told}">field</div><script>d.focus()</script>'
    async with sandbox() as desktop:
        picture = (await desktop.screenshot(format="png")).data
        await desktop.launch("chromium", HTML + taker)
        await desktop.wait_for_window("empty - Chromium")
        await desktop.screenshot(settle=Settle())
        await desktop.set_clipboard(image=picture)
        await desktop.press("ctrl+v")
        await desktop.wait_for_window("image/png - Chromium")
        assert await desktop.clipboard_image() == picture


@pytest.mark.parametrize("terminal", ["xterm", "lxterminal"])
async def test_a_command_is_waited_out_and_a_prompt_that_a_program_shows_is_not(terminal: str) -> None:
    async with sandbox() as desktop:
        await desktop.launch(terminal)
        await desktop.wait_for_window(window_class=terminal)
        assert (await desktop.type("sleep 60\n", settle=Settle(patience_ms=600))).busy
        await desktop.press("ctrl+c")
        assert not (await desktop.type("python3\n", settle=Settle(patience_ms=60_000, limit_ms=60_000))).busy
        await desktop.type("6 * 7\n")
