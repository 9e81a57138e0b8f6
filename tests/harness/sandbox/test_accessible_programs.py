"""What the desktop's own programs tell of their windows, where it is on the screen, and what if they hang."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from harness import sandbox
from harness.errors import AccessibilityFailed, NodeRefused, NoSuchNode
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Region

pytestmark = pytest.mark.container
PAGE = """<!doctype html><title>Shop</title><body style="margin: 0"><h1>Welcome</h1>
<label>Mail <input></label> <label>Password <input type="password" value="secret"></label><div style="height: 2500px">
</div><button onclick="document.title = 'bought ' + ++n">Buy now</button>
<input type="range" min="0" max="10" value="3" aria-label="Volume" oninput="document.title = 'volume ' + this.value">
<label><input type="checkbox" checked> Agree</label><div style="height: 1500px"></div><script>n = 0</script>"""


async def at(desktop: Desktop, role: str, name: str) -> Region:
    """Where a node is now."""
    node = await desktop.wait_for_node(role, name)
    assert node.box is not None
    return node.box


async def test_a_page_tells_its_nodes_where_they_are_scrolled_and_moved_to() -> None:
    async with sandbox() as desktop:
        await desktop.put(PAGE.encode(), "page.html")
        await desktop.launch("chromium", "file:///home/user/page.html")  # before anything asked for nodes
        window = await desktop.wait_for_window("Shop")
        heading = await at(desktop, "heading", "Welcome")
        for name, told in (("Mail", "me@example.com"), ("Password", None)):
            await desktop.click(await at(desktop, "entry" if told else "password text", name))
            await desktop.type("me@example.com")
            focus = await desktop.focused()
            assert focus.node is not None
            assert (focus.node.name, focus.text and focus.text.text) == (name, told)
        with pytest.raises(NodeRefused, match="password"):
            await desktop.node_text(await desktop.wait_for_node("password text"))
        assert (await desktop.find_nodes("button", "Buy now")).nodes == ()
        for turns in (20, 5, 5):  # a browser that is busy may leave some out
            await desktop.scroll(heading.center, dy=turns)
            with contextlib.suppress(NoSuchNode):
                await desktop.wait_for_node("button", "Buy now", timeout=10)
                break
        before = await at(desktop, "button", "Buy now")
        await desktop.move_window(window, (window.region.x + 100, window.region.y + 50))
        await desktop.wait_for_still()
        button = await at(desktop, "button", "Buy now")
        assert (button.x - before.x, button.y - before.y) == (100, 50)
        await desktop.click(button)
        await desktop.wait_for_window("bought 1")
        await desktop.act_on_node(await desktop.wait_for_node("button", "Buy now"), "press")
        await desktop.wait_for_window("bought 2")
        assert (await desktop.wait_for_node("check box", "Agree")).states.count("checked") == 1
        slider = await desktop.wait_for_node("slider", "Volume")
        assert slider.value == 3
        await desktop.set_node_value(slider, 7)
        await desktop.wait_for_window("volume 7")


async def test_the_focus_is_told_of_the_program_that_has_it_whatever_ran_before() -> None:
    async with sandbox() as desktop:
        assert (await desktop.focused()).node is None
        editor = await desktop.launch("mousepad", "--disable-server")
        await desktop.wait_for_window("Mousepad")
        assert (await desktop.focused()).node
        await desktop.launch("chromium", "data:text/html,<title>Ready</title><input autofocus aria-label=Name>")
        await desktop.wait_for_window("Ready")
        await desktop.wait_for_node("entry", "Name", states=["focused"])
        focus = await desktop.focused()
        assert focus.node is not None
        assert (focus.node.role, focus.node.name) == ("entry", "Name")
        await desktop.launch("xterm", "-u8")
        await desktop.wait_for_window(window_class="xterm")
        assert (await desktop.focused()).node is None
        await desktop.focus(await desktop.wait_for_window(pid=editor.pid))
        focus = await desktop.focused()
        assert focus.node is not None
        assert focus.node.app == "mousepad"


async def test_a_menu_item_is_clicked_where_the_editor_says_it_is() -> None:
    async with sandbox() as desktop:
        launched = await desktop.launch("mousepad", "--disable-server")
        await desktop.click(await at(desktop, "menu", "File"))
        await desktop.click(await at(desktop, "menu item", "Open..."))
        dialog = await desktop.wait_for_node("file chooser", pid=launched.pid)
        await desktop.act_on_node((await desktop.find_nodes("button", "Cancel", window=dialog.name)).nodes[0])
        await desktop.wait_for_window_gone(title=dialog.name)


async def test_a_terminal_tells_its_text_and_a_file_manager_its_folders() -> None:
    async with sandbox() as desktop:
        await desktop.launch("lxterminal")
        await desktop.wait_for_node("terminal", states=["focused"])
        await desktop.type("echo told-$((40 + 2))\n")
        node = await desktop.wait_for_node("terminal", text="told-42")
        assert "\ntold-42\n" in (await desktop.node_text(node)).text
        await desktop.launch("pcmanfm")
        await desktop.wait_for_node("table cell", "Home Folder")


async def test_a_program_that_is_stopped_delays_nobody_for_long_and_is_named() -> None:
    async with sandbox() as desktop:
        for program in (("mousepad", "--disable-server"), ("lxterminal",)):
            await desktop.launch(*program)
        await desktop.wait_for_node("menu", "File", app="mousepad")
        terminal = await desktop.wait_for_node("terminal")
        await desktop.bash("pkill -STOP -x lxterminal")
        found = await desktop.find_nodes("frame")
        assert ([node.app for node in found.nodes], len(found.silent)) == (["mousepad"], 1)
        assert found.silent[0].startswith("lxterminal (")
        tree = await desktop.accessibility_tree()
        assert ([node.name for node in tree.nodes], tree.silent) == (["mousepad"], found.silent)
        with pytest.raises(AccessibilityFailed, match="did not answer"):
            await desktop.node_text(terminal)
        await desktop.bash("pkill -CONT -x lxterminal")
        assert (await desktop.node_text(terminal)).length > 0


async def test_a_helper_that_is_killed_or_stopped_under_way_is_replaced_and_nodes_stay() -> None:
    async with sandbox() as desktop:
        await desktop.launch("mousepad", "--disable-server")
        menu = await desktop.wait_for_node("menu", "File")
        waiting = asyncio.create_task(desktop.wait_for_node("button", "Never"))
        helpers = "pgrep -u user -f accessibility.helper"
        async with asyncio.timeout(30):
            while not waiting.done():  # the first one may be killed before the request reached it
                await desktop.bash(f"kill -KILL $({helpers})")
                await asyncio.wait([waiting], timeout=0.5)
        with pytest.raises(AccessibilityFailed, match="repeat the request"):
            await waiting
        assert (await desktop.accessibility_tree(node=menu, depth=0)).nodes[0].name == "File"
        looking = asyncio.create_task(desktop.wait_for_node("button", "Never", timeout=20))
        await asyncio.wait([looking], timeout=0.5)
        looking.cancel()
        assert (await desktop.find_nodes("menu", "File")).nodes == (menu,)


async def test_nothing_of_it_runs_until_a_program_that_tells_something_is_started() -> None:
    async with sandbox() as desktop:
        running = "pgrep -f 'at-spi|accessibility.helper'"
        assert (await desktop.bash(running)).output == ""
        await desktop.launch("mousepad", "--disable-server")
        await desktop.wait_for_window("mousepad")
        assert "accessibility.helper" not in (await desktop.bash("ps -e -o args")).output


async def test_a_menu_can_be_clicked_as_soon_as_it_is_found() -> None:
    async with sandbox() as desktop:
        for _ in range(3):
            waiting = asyncio.create_task(at(desktop, "menu", "File"))
            launched = await desktop.launch("mousepad", "--disable-server")
            await desktop.click(await waiting)
            await desktop.wait_for_node("menu item", "Open...", timeout=10)
            await desktop.stop_program(launched)
            await desktop.wait_for_window_gone(pid=launched.pid)
