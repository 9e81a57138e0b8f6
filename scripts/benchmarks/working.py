"""What work at a running desktop costs: looking, clicking, typing, commands."""

from __future__ import annotations

import asyncio
import io
import string
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from benchmarks.rows import Row, timed
from benchmarks.timing import clocked, in_turn, progress
from benchmarks.usual import PAUSE, UsualWay
from sandbox_image.wire import Click, Picture, ScreenPoint, Settle, Size

if TYPE_CHECKING:
    from harness import Desktop

USUAL = "the usual way"
TEXT = (string.ascii_letters + string.digits + string.punctuation + " ") * 3
TEXT = TEXT[:200]
BUTTONS = """\
printf '\\033[?1000h\\033[?25l'
while read -rsn 6 event; do
  turn=$((turn + 1))
  printf '\\033[%dm\\033[2J\\033[Hclick %d' $((41 + turn % 6)) "$turn"
done
"""
READER = "stty raw -echo; exec cat >>typed"
ARRIVED = f"timeout 20 head -c {len(TEXT)} <(tail -c +1 -f typed)"
TARGET, BESIDE = ScreenPoint(x=300, y=300), ScreenPoint(x=380, y=300)  # inside either window


@dataclass(frozen=True, slots=True)
class Scene:
    """A running desktop, and the usual way of driving the same one."""

    desktop: Desktop
    usual: UsualWay
    rounds: int


async def working(scene: Scene) -> AsyncIterator[Row]:
    """Rows about a desktop of 1280x800."""
    progress("screenshots, light screen")
    await _open_windows(scene.desktop)
    yield await _screenshot(scene, "screenshot, light screen", 8)
    progress("click, settle, picture")
    yield await _click(scene)
    progress("typing 200 characters")
    yield await _typing(scene)
    progress("shell commands and round trips")
    yield await _echo(scene)
    yield await _megabyte(scene)
    yield await _round_trip(scene)
    progress("screenshots, busy screen")
    await _show_photo(scene.desktop)
    yield await _screenshot(scene, "screenshot, busy screen", 15)
    yield await _busy_bytes(scene)


async def large(scene: Scene) -> AsyncIterator[Row]:
    """The row about a desktop of 1920x1080."""
    progress("screenshots of 1920x1080, shown at 1366x768")
    await _open_windows(scene.desktop)
    yield await _screenshot(scene, "1920x1080 shown at 1366x768", 25, Size(width=1366, height=768))


async def _screenshot(scene: Scene, name: str, budget: float, size: Size | None = None) -> Row:
    shown = size or scene.desktop.screen
    ours, usual = await in_turn(
        scene.rounds,
        clocked(lambda: scene.desktop.screenshot(size=size)),
        clocked(lambda: scene.usual.screenshot(f"{shown.width}x{shown.height}")),
    )
    return timed(name, ours, "ms", budget, usual, USUAL)


async def _busy_bytes(scene: Scene) -> Row:
    ours = len((await scene.desktop.screenshot()).data) / 1000
    shown = scene.desktop.screen
    usual = len(await scene.usual.screenshot(f"{shown.width}x{shown.height}")) / 1000
    return timed("its size", [ours], "kB", 300, [usual], USUAL)


async def _click(scene: Scene) -> Row:
    """A program that repaints its window at once. Clicks go here and there, so that no two are a double click."""
    settle, shown, places = Settle(), scene.desktop.screen, cycle([TARGET, BESIDE])

    async def ours() -> None:
        await scene.desktop.perform(Click(at=next(places)), settle=settle, picture=Picture())

    async def usual() -> None:
        await scene.usual.click(TARGET.x, TARGET.y)
        await asyncio.sleep(PAUSE)
        await scene.usual.screenshot(f"{shown.width}x{shown.height}")

    await _in_front(scene.desktop, "buttons")
    taken = await in_turn(scene.rounds, clocked(ours), clocked(usual))
    return timed("click, settle, picture", taken[0], "ms", settle.quiet_ms + 25, taken[1], USUAL)


async def _typing(scene: Scene) -> Row:
    """Until the program at the keyboard focus has read the last character; what it read is compared."""
    at_once = Settle(quiet_ms=1, first_ms=1, limit_ms=1)
    verdicts: list[bool] = []

    async def read(typing: Awaitable[object]) -> tuple[float, bool]:
        await scene.desktop.bash(": >typed")
        began = time.perf_counter()
        await typing
        came = (await scene.desktop.bash(ARRIVED)).output
        return (time.perf_counter() - began) * 1000, came == TEXT

    async def ours() -> float:
        took, right = await read(scene.desktop.type(TEXT, settle=at_once))
        verdicts.append(right)
        return took

    async def usual() -> float:
        return (await read(scene.usual.type(TEXT)))[0]

    await _in_front(scene.desktop, "reader")
    taken = await in_turn(max(3, scene.rounds // 3), ours, usual)
    row = timed("200 ASCII characters, right", taken[0], "ms", 100, taken[1], USUAL)
    return replace(row, sound=all(verdicts), note=f"right {sum(verdicts)} of {len(verdicts)}")


async def _echo(scene: Scene) -> Row:
    ours, usual = await in_turn(
        3 * scene.rounds,
        clocked(lambda: scene.desktop.bash("echo hi")),
        clocked(lambda: scene.usual.run("bash", "-c", "echo hi")),
    )
    return timed("`echo hi`, shell that keeps its state", ours, "ms", 3, usual, "a process each, no state")


async def _megabyte(scene: Scene) -> Row:
    command = "head -c 1000000 /dev/zero | tr '\\0' x"
    ours, usual = await in_turn(
        scene.rounds,
        clocked(lambda: scene.desktop.bash(command, limit=2_000_000)),
        clocked(lambda: scene.usual.run("bash", "-c", command)),
    )
    return timed("1 MB of output", ours, "ms", 60, usual, "a process each, no state")


async def _round_trip(scene: Scene) -> Row:
    (ours,) = await in_turn(20 * scene.rounds, clocked(lambda: scene.desktop.perform(settle=None)))
    (usual,) = await in_turn(scene.rounds, clocked(lambda: scene.usual.run("true")))
    return timed("wire round trip through the tunnel", ours, "ms", 1.2, usual, "a process through the engine")


# --- scenes -----------------------------------------------------------------------------------------------------------


async def _open_windows(desktop: Desktop) -> None:
    """Two terminals on a plain ground: one repaints at each click, one reads what is typed."""
    for name, program in (("buttons", BUTTONS), ("reader", READER)):
        await desktop.put(program.encode(), name)
        await desktop.launch("xterm", "-u8", "-geometry", "90x30+100+100", "-T", name, "-e", "bash", name)
        await desktop.wait_for_window(name)
    await desktop.screenshot(settle=Settle())


async def _in_front(desktop: Desktop, name: str) -> None:
    """Leave one window only, and the keyboard focus in it."""
    other = {"buttons": "reader", "reader": "buttons"}[name]
    await desktop.bash(f"pkill -f 'bash {other}$'; true")
    if name not in {window.title for window in await desktop.windows()}:
        await _open_windows(desktop)
        await desktop.bash(f"pkill -f 'bash {other}$'; true")
    await desktop.click(TARGET)


async def _show_photo(desktop: Desktop) -> None:
    """Cover the screen with soft shapes under grain, as a photograph has them."""
    await desktop.bash("pkill xterm; true")
    await desktop.put(_photo(desktop.screen), "photo.png")
    await desktop.bash("DISPLAY=:0 hsetroot -fill photo.png")
    await desktop.screenshot(settle=Settle())


def _photo(size: Size) -> bytes:
    """Some 1.8 MB as PNG and 190 kB as JPEG at 1280x800, which is what photographs of that size take."""
    wide, high = size.width, size.height
    grain = Image.effect_noise((wide, high), 12)  # in brightness, as a camera's is
    shapes = [Image.effect_noise((12, 8), 120).resize((wide, high), Image.Resampling.BICUBIC) for _ in range(3)]
    encoded = io.BytesIO()
    Image.merge("RGB", [ImageChops.add(band, grain, scale=2) for band in shapes]).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()
