"""Everything a model may do, by every version of its tools, at a real desktop: a page tells what reached it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

import pytest
from PIL import Image
from pydantic import JsonValue

from harness import sandbox
from harness.geometry import STANDARD, Viewport, fit_model
from harness.sandbox.desktop import Desktop
from harness.tools.bash import Bash
from harness.tools.call import HALTED, Call, Json, Result
from harness.tools.computer import Computer
from harness.tools.editor import Editor
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region, Size

pytestmark = pytest.mark.container
Version: TypeAlias = Literal["computer_20250124", "computer_20251124", "computer_toolset_20260801"]
VERSIONS: Sequence[Version] = ("computer_20250124", "computer_20251124", "computer_toolset_20260801")
NEWEST = VERSIONS[-1]
SCREEN, HALF = Size(width=1280, height=800), Size(width=640, height=400)
PAGE = """<!doctype html><meta charset=utf-8><title>ready</title>
<style>body{margin:0;overflow:hidden;font:20px sans-serif}p{position:absolute;left:20px;top:300px;margin:0}
input{position:absolute;left:20px;top:400px;width:600px;font-size:20px}
div{position:absolute;left:800px;top:500px;width:400px;height:200px;
background:repeating-linear-gradient(90deg,#000 0 1px,#fff 1px 2px)}</style>
<p>A line of some words</p><input id=i><div></div><script>
let log = [], clean = () => { log = []; document.title = 'ready' }
const say = text => { log.push(text); document.title = log.slice(-30).join(' | ') }
const mods = e => ['ctrlKey', 'shiftKey', 'altKey'].filter(k => e[k]).map(k => '+' + k.slice(0, -3)).join('')
for (const kind of ['mousedown', 'mouseup', 'dblclick', 'contextmenu'])
  addEventListener(kind, e => { say(`${kind}${e.button} ${e.clientX},${e.clientY}${mods(e)}`)
    if (kind == 'contextmenu' || e.button == 1) e.preventDefault() })
addEventListener('click', e => say(`click*${e.detail}`))
addEventListener('mouseup', e => { if (String(getSelection())) say(`[${String(getSelection()).trim()}]`) })
addEventListener('mousemove', e => { if (e.buttons) say(`move${e.buttons} ${e.clientX},${e.clientY}`) })
addEventListener('wheel', e => { say(`wheel ${Math.sign(e.deltaX)},${Math.sign(e.deltaY)}${mods(e)}`)
  e.preventDefault() }, { passive: false })
let since = {}
addEventListener('keydown', e => { if (e.repeat) return; since[e.key] = performance.now(); say(`${e.key}${mods(e)}`)
  if (e.ctrlKey) e.preventDefault() })
addEventListener('keyup', e => say(`${e.key}:${Math.round((performance.now() - since[e.key]) / 100)}`))
i.oninput = () => say(`<${i.value}>`)
</script>"""


class Hands:
    """A model's hands: calls by one version of the tool, and what the page says of each."""

    def __init__(self, desktop: Desktop, version: Version, view: Viewport) -> None:
        self.desktop = desktop
        self.toolset = version == NEWEST
        self.computer = Computer(desktop, view)
        self.box = Toolbox(self.computer, {"bash": Bash(desktop)})

    def call(self, name: str, given: Json, number: int = 0) -> Call:
        """A call as this version has it."""
        if self.toolset:
            return Call(f"c{number}", name, given, "computer")
        return Call(f"c{number}", "computer", {"action": name, **given})

    async def do(self, name: str, /, **given: JsonValue) -> Result:
        """Do it; it works."""
        result = await self.tried(name, **given)
        assert not result.failed, result.text
        return result

    async def tried(self, name: str, /, **given: JsonValue) -> Result:
        """Do it, whether it works or not."""
        results: dict[str, Result] = {}
        await self.box.answer([self.call(name, given)], results)
        return results["c0"]

    async def heard(self, pattern: str) -> str:
        """What the page says, once it says so; `$` is the end of all it said."""
        told = re.compile(pattern.replace("$", " - Chromium$"))
        return (await self.desktop.wait_for_window(told, timeout=10)).title.removesuffix(" - Chromium")


@asynccontextmanager
async def page(version: Version, screen: Size = SCREEN, shown: Size = HALF) -> AsyncIterator[Hands]:
    """A page over all of the screen, and hands at it."""
    async with sandbox(screen=screen) as desktop:
        await desktop.put(PAGE.encode(), "page.html")
        await desktop.launch("chromium", "--kiosk", "page.html")
        await desktop.wait_for_window("ready")
        await desktop.wait_for_still()
        whole = Region(x=0, y=0, width=screen.width, height=screen.height)
        yield Hands(desktop, version, Viewport(whole, shown))


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_action_of_the_mouse_reaches_the_page(version: Version) -> None:
    async with page(version) as hands:
        for name, button in (("left_click", 0), ("middle_click", 1), ("right_click", 2)):
            result = await hands.do(name, coordinate=[50 + button, 40])
            at = f"{101 + 2 * button},81"
            await hands.heard(rf"mousedown{button} {at} \| .*mouseup{button} {at}")
            assert "changed" in result.text
        await hands.do("left_click", coordinate=[60, 40], text="ctrl+shift")
        await hands.heard(r"mousedown0 121,81\+ctrl\+shift \| .*mouseup0 121,81\+ctrl\+shift")
        await hands.do("mouse_move", coordinate=[70, 50])
        assert (await hands.do("cursor_position")).text == "X=70,Y=50"
        await hands.do("left_click")
        await hands.heard("mouseup0 141,101 ")
        await hands.do("double_click", coordinate=[80, 60])
        await hands.heard("dblclick0 161,121")
        await hands.do("triple_click", coordinate=[50, 155])
        await hands.heard(r"\[A line of some words\] \| click\*3")
        for way, told in (("up", "0,-1"), ("down", "0,1"), ("left", "-1,0"), ("right", "1,0")):
            await hands.do("scroll", coordinate=[200, 40], scroll_direction=way, scroll_amount=2)
            await hands.heard(rf"(wheel {told} \| )*wheel {told}$")
        await hands.do("scroll", scroll_direction="down", scroll_amount=1, text="alt")
        await hands.heard(r"wheel 0,1\+alt")
        await hands.do("mouse_move", coordinate=[100, 40])
        await hands.do("left_mouse_down")
        await hands.do("mouse_move", coordinate=[120, 50])
        await hands.do("mouse_move", coordinate=[150, 60])
        await hands.do("left_mouse_up")
        await hands.heard(r"mousedown0 201,81 .*move1 241,101 \| .*move1 301,121 \| mouseup0 301,121")
        await hands.do("left_click_drag", start_coordinate=[10, 155], coordinate=[150, 155])
        await hands.heard(r"mousedown0 21,311 .*move1 .*mouseup0 301,311")
        if not hands.toolset:
            await hands.do("mouse_move", coordinate=[20, 20])
            await hands.do("left_click_drag", coordinate=[90, 30])
            await hands.heard(r"mousedown0 41,41 .*mouseup0 181,61")


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_action_of_the_keyboard_reaches_the_page(version: Version) -> None:
    async with page(version) as hands:
        for keys, told in (("ctrl+shift+k", r"K\+ctrl\+shift"), ("Page_Down", "PageDown"), ("alt+x", r"x\+alt")):
            await hands.do("key", text=keys)
            await hands.heard(f"{told} ")
        await hands.do("hold_key", text="a", duration=1)
        held = re.search(r"a:(\d+)$", await hands.heard(r"a:\d+$"))
        assert held
        assert 9 <= int(held[1]) <= 20  # tenths of a second
        await hands.do("left_click", coordinate=[100, 207])
        typed = await hands.do("type", text="Grüße, 世界 🎉")
        assert "changed" in typed.text
        assert typed.picture is not None
        await hands.heard("<Grüße, 世界 🎉>")
        await hands.do("key", text="BackSpace", **({"repeat": 3} if hands.toolset else {}))
        await hands.heard("<Grüße, 世> " if hands.toolset else "<Grüße, 世界 >")
        assert (await hands.do("wait", duration=1)).text == "waited 1 s"
        assert "nothing changed" in (await hands.do("mouse_move", coordinate=[300, 20])).text


@pytest.mark.parametrize("version", VERSIONS[1:])
async def test_a_zoom_shows_pixels_that_the_picture_of_the_screen_has_not(version: Version) -> None:
    screen = Size(width=3840, height=2160)
    async with page(version, screen, fit_model(screen, STANDARD)) as hands:
        shown = fit_model(screen, STANDARD)
        whole = (await hands.do("screenshot")).picture
        assert whole is not None
        assert whole.size == shown

        def placed(x: int, y: int) -> tuple[int, int]:
            return x * shown.width // screen.width, y * shown.height // screen.height

        left, top = placed(840, 520)
        right, bottom = placed(1140, 680)
        part = (await hands.do("zoom", region=[left, top, right, bottom])).picture
        assert part is not None
        assert part.size.width <= shown.width
        assert part.size.height <= shown.height
        stripes = whole.image().crop((left, top, right, bottom))
        assert contrast(part.image()) > 200
        assert contrast(stripes) < 100


def contrast(image: Image.Image) -> int:
    """How far the darkest tenth and the lightest tenth of the pixels are apart."""
    values = sorted(image.convert("L").tobytes())
    return values[len(values) * 9 // 10] - values[len(values) // 10]


MALFORMED: list[tuple[str, Json, str]] = [
    (
        "left_click",
        {"coordinate": [640, 10]},
        r"\(640, 10\) is not in the picture: x goes from 0 to 639, y from 0 to 399",
    ),
    ("left_click", {"coordinate": [10, -1]}, r"\(10, -1\) is not in the picture"),
    ("mouse_move", {"coordinate": [10**12, 1]}, r"\(1000000000000, 1\) is not in the picture"),
    ("left_click_drag", {"start_coordinate": [1, 1], "coordinate": [1, 401]}, "is not in the picture"),
    ("left_click", {"coordinate": [1.5, 1]}, "coordinate"),
    ("left_click", {"coordinate": ["1", "1"]}, "coordinate"),
    ("left_click", {"coordinate": [True, False]}, "coordinate"),
    ("left_click", {"coordinate": "1,1"}, "coordinate"),
    ("mouse_move", {"coordinate": None}, "coordinate"),
    ("mouse_move", {}, "coordinate: Field required"),
    ("left_click", {"coordinate": [1, 1], "text": "hyper+none"}, "none"),
    ("scroll", {"coordinate": [1, 1], "scroll_direction": "up", "scroll_amount": -1}, "scroll_amount"),
    ("scroll", {"coordinate": [1, 1], "scroll_direction": "up", "scroll_amount": 10**9}, ""),
    ("key", {"text": "a", "repeat": 1000}, "repeat: Input should be less than or equal to 100"),
    ("key", {"text": ""}, ""),
    ("key", {"text": "ctrl+Nothing"}, "Nothing"),
    ("hold_key", {"text": "a", "duration": 301}, "duration: Input should be less than or equal to 300"),
    ("hold_key", {"text": "a", "duration": 0.5}, "duration"),
    ("wait", {"duration": -1}, "duration"),
    ("type", {"text": None}, "text"),
    ("type", {"text": "a\0b"}, ""),
    ("left_mouse_up", {}, "not"),
    ("fly", {}, "there is no action 'fly'; there are: screenshot, zoom"),
    ("zoom", {"region": [0, 0, 641, 10]}, "x goes from 0 to 640"),
    ("zoom", {"region": [5, 5, 5, 5]}, "no rectangle"),
]


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_cannot_be_is_told_and_halts_what_comes_after_it(version: Version) -> None:
    whole = Region(x=0, y=0, width=1280, height=800)
    async with sandbox() as desktop:
        hands = Hands(desktop, version, Viewport(whole, HALF))
        before = (await desktop.pointer()).at
        for name, given, problem in MALFORMED:
            results: dict[str, Result] = {}
            calls = [hands.call(name, given), hands.call("mouse_move", {"coordinate": [3, 3]}, 1)]
            await hands.box.answer(calls, results)
            assert results["c0"].failed, (name, given)
            assert re.search(problem, results["c0"].text), (name, given, results["c0"].text)
            assert results["c1"].text == HALTED
            assert (await desktop.pointer()).at == before


async def test_a_batch_that_changed_the_screen_ends_with_a_picture() -> None:
    async with page(NEWEST) as hands:
        calls = [
            hands.call("left_click", {"coordinate": [100, 207]}, 1),
            hands.call("type", {"text": "hello"}, 2),
            hands.call("cursor_position", {}, 3),
        ]
        results: dict[str, Result] = {}
        await hands.box.answer(calls, results)
        assert [result.picture is not None for result in results.values()] == [False, False, True]
        assert results["c3"].text == "X=100,Y=207"


async def test_a_shell_keeps_its_state_and_survives_whatever_is_run_in_it() -> None:
    async with sandbox() as desktop:
        shell = Bash(desktop, timeout=5)

        async def run(**given: JsonValue) -> Result:
            return await shell.do(Call("a", "bash", given))

        assert (await run(command="cd /usr; there=42")).text == ""
        assert (await run(command="echo $PWD $there")).text == "/usr 42"
        assert (await run(command="ls /nowhere")).text.endswith("[exit status 2]")
        assert "early" in (await run(command="(sleep 0.3; echo late) & echo early")).text
        assert "late" in (await run(command="wait")).text
        much = await run(command="seq 1000000")
        assert len(much.text) < 40_000
        assert "bytes left out of the middle" in much.text
        binary = await run(command="head -c 3000 /dev/urandom; printf '\\0\\xff\\xfe'")
        binary.text.encode()
        assert not binary.failed
        killed = await run(command="sleep 60")
        assert "[killed after 5 s" in killed.text
        assert (await run(command="exit 3")).text.startswith("[that ended the shell")
        assert (await run(restart=True)).text == "the shell was started anew"
        assert (await run(command="echo [$there]")).text == "[]"
        assert (await run(command="nohup mousepad >/dev/null 2>&1 &")).failed is False
        await desktop.wait_for_window("Mousepad")


@pytest.mark.parametrize("older", [True, False])
async def test_every_command_of_the_editor_does_its_work(older: bool) -> None:  # noqa: FBT001 - the version
    async with sandbox() as desktop:
        editor = Editor(desktop)

        async def edit(command: str, path: str = "/home/user/note.txt", **given: JsonValue) -> Result:
            return await editor.do(Call("a", "str_replace_editor", {"command": command, "path": path, **given}))

        await edit("create", file_text="one\ntwo\n")
        assert "2\ttwo" in (await edit("view")).text
        assert "one" not in (await edit("view", view_range=[2, -1])).text
        await edit("str_replace", old_str="two", new_str="zwei")
        await edit("insert", insert_line=1, **{"new_str" if older else "insert_text": "between\n"})
        assert (await desktop.bash("cat note.txt")).output == "one\nbetween\nzwei\n"
        await edit("undo_edit")
        assert (await desktop.bash("cat note.txt")).output == "one\nzwei\n"
        assert "note.txt" in (await edit("view", "/home/user")).text
        await desktop.put((await desktop.screenshot()).data, "picture.png")
        for path, command, given in (
            ("/home/user/picture.png", "view", {}),
            ("/nowhere/at/all.txt", "view", {}),
            ("/home/user/note.txt", "str_replace", {"old_str": "drei"}),
            ("/home/user/note.txt", "insert", {"insert_line": 99, "insert_text": "x"}),
            ("/etc/passwd", "create", {"file_text": "x"}),
            ("/home/user/note.txt", "remove", {}),
        ):
            result = await edit(command, path, **given)
            assert result.failed, (path, command)
            assert result.text
