"""What real programs show of passwords and secrets, and what a model sees of it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from harness import sandbox
from harness.agent.outcome import Finished
from harness.agent.task import Task, run_task
from harness.events import Event, FrameCaptured
from harness.geometry import Viewport
from harness.sandbox.desktop import Desktop
from harness.tools.call import Call, Json
from harness.tools.computer import Computer
from harness.tools.concealing import Concealer
from sandbox_image.wire import Region, Size

pytestmark = pytest.mark.container
SCREEN = Size(width=1280, height=800)
VIEW = Viewport(Region(x=0, y=0, width=1280, height=800), SCREEN)
BULLETS = (255, 0, 0)
"""The color in which pages of these tests show what fields hold."""
PAGE = """<!doctype html><title>Login</title><body style="margin:0"><div style="height:300px">Welcome</div>
<style>input{color:#f00;font:bold 30px sans-serif;outline:none;caret-color:#000}</style>
<label>Password <input type=password id=p value=hunter2></label>
<button onclick="p.type='text'" style="display:block">Show</button><div style="height:2000px"></div>"""
GTK = b"""import ctypes
gtk = ctypes.CDLL("libgtk-3.so.0")
for name in ("gtk_window_new", "gtk_entry_new"):
    getattr(gtk, name).restype = ctypes.c_void_p
gtk.gtk_init(None, None)
window, entry = ctypes.c_void_p(gtk.gtk_window_new(0)), ctypes.c_void_p(gtk.gtk_entry_new())
gtk.gtk_entry_set_visibility(entry, 0)
gtk.gtk_window_set_title(window, b"Unlock")
gtk.gtk_container_add(window, entry)
gtk.gtk_widget_show_all(window)
gtk.gtk_main()
"""


@pytest.fixture
async def desktop() -> AsyncIterator[Desktop]:
    async with sandbox() as desktop:
        yield desktop


async def login(desktop: Desktop) -> Region:
    """A page with a field for a password that is filled already, and where that is."""
    await desktop.put(PAGE.encode(), "login.html")
    await desktop.launch("chromium", "login.html")
    await desktop.wait_for_window("Login")
    node = await desktop.wait_for_node("password text")
    assert node.box is not None
    await desktop.wait_for_still()
    return node.box


async def red(desktop: Desktop, concealer: Concealer | None = None, region: Region | None = None) -> int:
    """How many red pixels a picture has, as it is or as a model sees it."""
    shot = await (concealer.picture(SCREEN, region) if concealer else desktop.screenshot(region))
    colors = shot.image().getcolors(1 << 24) or ()
    return sum(count for count, (r, g, b) in colors if r > 150 and g < 100 and b < 100)  # type: ignore[misc] # RGB


async def test_a_page_never_shows_what_a_field_for_passwords_holds(desktop: Desktop) -> None:
    field = await login(desktop)
    concealer = Concealer(desktop)
    assert await red(desktop) > 0
    assert await red(desktop, concealer) == 0
    part = Region(x=field.x + 5, y=field.y, width=80, height=field.height)
    assert await red(desktop, None, part) > 0
    assert await red(desktop, concealer, part) == 0
    window = await desktop.wait_for_window("Login")
    for dy in (1, 1, 1):  # it leaves the window at the top, a part of it at a time
        await desktop.scroll((600, 600), dy=dy)
        assert await red(desktop, concealer) == 0
    await desktop.scroll((600, 600), dy=-9)
    await desktop.wait_for_node("password text")
    await desktop.move_window(window, (100, 200))
    assert await red(desktop, concealer) == 0


async def test_a_field_behind_a_window_leaves_that_window_as_it_is(desktop: Desktop) -> None:
    await login(desktop)
    await desktop.launch("xterm", "-geometry", "300x80+0+0")
    await desktop.wait_for_window(window_class="xterm")
    await desktop.wait_for_still()
    assert (await Concealer(desktop).picture(SCREEN)).data == (await desktop.screenshot(size=SCREEN)).data


async def test_a_dialog_of_gtk_never_shows_what_its_field_holds(desktop: Desktop) -> None:
    await desktop.put(GTK, "unlock.py")
    await desktop.launch("python3", "unlock.py")
    await desktop.wait_for_window("Unlock")
    node = await desktop.wait_for_node("password text", states=["focused"])
    assert node.box is not None
    concealer = Concealer(desktop)
    await desktop.type("hunter2")
    filled = await concealer.picture(SCREEN, node.box)
    await desktop.press("BackSpace", repeat=7)
    assert (await concealer.picture(SCREEN, node.box)).data == filled.data
    assert len(filled.image().getcolors(1 << 24) or ()) < 200  # the label, and nothing else


async def test_a_secret_in_a_field_that_shows_it_is_hidden_once_it_was_typed(desktop: Desktop) -> None:
    typed: list[str] = []

    def reveal(text: str) -> str:
        typed.append("hunter2")
        return text.replace("{secret:PIN}", "hunter2")

    computer = Computer(desktop, VIEW, reveal=reveal, typed=lambda: typed)

    async def do(name: str, given: Json) -> None:
        assert not (await computer.do(Call("a", name, given, "computer"))).failed

    field = await login(desktop)
    await do("triple_click", {"coordinate": [field.center.x, field.center.y]})
    await do("type", {"text": "{secret:PIN}"})
    await desktop.click(await box(desktop, "Show"))
    await desktop.wait_for_node("entry", text="hunter2")
    assert await red(desktop) > 0
    shot = await computer.look()
    assert not [color for _, color in shot.image().getcolors(1 << 24) or () if color == BULLETS]


async def test_what_can_be_read_of_a_secret_in_a_terminal_is_hidden(desktop: Desktop) -> None:
    await desktop.launch("lxterminal")
    await desktop.wait_for_node("terminal", states=["focused"])
    await desktop.type("echo Swordfish\n")
    place = (await desktop.wait_for_text(re.compile("wordfish"))).box  # OCR is unsure of the first letter
    shot = await Concealer(desktop, lambda: ["Swordfish"]).picture(SCREEN)
    corners = (place.x, place.y, place.x + place.width, place.y + place.height)
    colors = {color for _, color in shot.image().crop(corners).getcolors() or ()}
    assert colors <= {(grey, grey, grey) for grey in range(64, 209)}


async def box(desktop: Desktop, name: str) -> Region:
    """Where a button is."""
    node = await desktop.wait_for_node("button", name)
    assert node.box is not None
    return node.box


async def test_a_task_with_a_secret_leaves_nothing_of_it_behind(desktop: Desktop, tmp_path: Path) -> None:
    field = await login(desktop)
    (tmp_path / "script.yaml").write_text(f"""
- do:
    - triple_click: {{coordinate: [{field.center.x}, {field.center.y}]}}
    - type: {{text: "{{secret:PIN}}"}}
- do:
    - screenshot:
    - bash: {{command: "printf 'hun%s' ter2-4711 | tee out.txt | base64; cat out.txt"}}
- say: It is done.
""")
    events: list[Event] = []
    task = Task("log in", model=f"scripted:{tmp_path / 'script.yaml'}", secrets={"PIN": "hunter2-4711"})
    assert await run_task(task, desktop, events.append) == Finished("It is done.")
    await desktop.click(await box(desktop, "Show"))
    await desktop.wait_for_node("entry", text="hunter2-4711")
    told = "".join(event.model_dump_json() for event in events)
    assert "{secret:PIN}" in told
    for form in ("hunter2-4711", base64.b64encode(b"hunter2-4711").decode()):
        assert form not in told
    frames = [event.data for event in events if isinstance(event, FrameCaptured)]
    assert frames
    for data in frames:
        with Image.open(io.BytesIO(data)) as frame:
            assert BULLETS not in [color for _, color in frame.convert("RGB").getcolors(1 << 24) or ()]
