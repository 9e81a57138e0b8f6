"""A sandbox whose own programs are killed or stopped under way: one defined error, and then it goes on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import uuid4

import docker
import pytest

import harness
from harness.errors import ActionFailed, Restarted
from harness.sandbox import Desktop
from sandbox_image.wire import ErrorCode

pytestmark = pytest.mark.container

VICTIMS = {
    "server": "sandbox_image.server",
    "worker": "sandbox_image.worker",
    "xvnc": "^Xvnc",
    "openbox": "^openbox",
    "bus": "^dbus-daemon --session",
    "panel": "^tint2",
}
WINDOWS = """
from Xlib import X, Xatom, Xutil
from Xlib.display import Display
x = Display()
state, skipped = x.get_atom("_NET_WM_STATE"), x.get_atom("_NET_WM_STATE_SKIP_TASKBAR")
for number in range(1000):
    window = x.screen().root.create_window(10, 10, 200, 100, 0, X.CopyFromParent)
    window.set_wm_name(f"window {number}")
    if number < 800:  # minimized, and in no panel: all of them shown would take the window manager a minute
        window.set_wm_hints(flags=Xutil.StateHint, initial_state=Xutil.IconicState)
        window.change_property(state, Xatom.ATOM, 32, [skipped])
    window.map()
x.sync()
while True:
    x.next_event()
"""
TITLE = """
from Xlib import X, Xatom
from Xlib.display import Display
x = Display()
window = x.screen().root.create_window(10, 10, 200, 100, 0, X.CopyFromParent)
for start in range(0, 1 << 20, 50_000):  # one request cannot take it all
    size = min(50_000, (1 << 20) - start)
    window.change_property(Xatom.WM_NAME, Xatom.STRING, 8, b"endless " * (size // 8), X.PropModeAppend)
window.map()
x.sync()
while True:
    x.next_event()
"""
PATH = [(100, 100), (900, 600), (100, 600), (900, 100)]


async def strike(mark: str, signal: str, victim: str) -> None:
    """Send a signal to one of the sandbox's programs, from outside as root."""
    client = docker.from_env()
    try:
        (container,) = client.containers.list(filters={"label": f"test={mark}"})
        code, said = await asyncio.to_thread(container.exec_run, ["pkill", f"-{signal}", "-f", victim], user="0")
        assert code == 0, said
    finally:
        client.close()


async def outcome(work: asyncio.Task[object]) -> str:
    """What became of a request that was under way: done, or which of the errors that may come."""
    try:
        await work
    except Restarted:
        return "restarted"
    except ActionFailed as error:
        return str(error.code)
    return "done"


async def works(desktop: Desktop) -> None:
    """Everything can be done: look, start a program, see its window, type, run a command."""
    await desktop.screenshot()
    title = f"after-{uuid4().hex[:6]}"
    await desktop.launch("xterm", "-T", title)
    window = await desktop.wait_for_window(title)
    await desktop.click(window.region)
    await desktop.type("echo alive >alive\n")
    ran = await desktop.bash("until [ -s ~/alive ]; do sleep 0.02; done; cat ~/alive; rm ~/alive", timeout=20)
    assert ran.output == "alive\n"


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
@pytest.mark.parametrize("victim", VICTIMS)
async def test_the_desktop_goes_on_when_one_of_its_programs_is_struck_in_mid_request(victim: str, signal: str) -> None:
    mark = uuid4().hex
    async with harness.sandbox(labels={"test": mark}) as desktop:
        dragging = asyncio.create_task(desktop.drag(*PATH))
        running = asyncio.create_task(desktop.bash("sleep 0.3; echo done"))
        await strike(mark, signal, VICTIMS[victim])
        ends = await outcome(dragging), await outcome(running)
        assert set(ends) <= {"done", "restarted", ErrorCode.DISPLAY_LOST, ErrorCode.WORKER_LOST}
        if signal == "STOP":
            assert ends == ("done", "done")
        if victim == "server" and signal == "KILL":
            assert ends == ("restarted", "restarted")
        await works(desktop)


async def test_who_listens_to_programs_hears_on_when_the_worker_is_killed_and_when_the_screen_is() -> None:
    mark = uuid4().hex
    async with harness.sandbox(labels={"test": mark}) as desktop, aclosing(desktop.program_changes()) as changes:
        held = await desktop.launch("sleep", "1000")
        told = [await anext(changes)]
        await strike(mark, "KILL", VICTIMS["worker"])
        told.append(await anext(changes))
        await strike(mark, "KILL", VICTIMS["xvnc"])
        after = await desktop.launch("sh", "-c", "exit 7")
        while told[-1].change != "ended":
            told.append(await anext(changes))
    first, lost, started, ended = told
    assert (first.change, first.program.pid) == ("started", held.pid)
    assert (lost.change, lost.program.pid) == ("lost", held.pid)
    assert (started.change, started.program.pid) == ("started", after.pid)
    assert (ended.change, ended.program.pid, ended.program.code) == ("ended", after.pid, 7)


@pytest.mark.parametrize("folder", ["/home/user", "/tmp"])  # noqa: S108 - inside the sandbox
async def test_a_full_disk_is_an_error_of_what_needs_it_and_of_nothing_else(folder: str) -> None:
    async with harness.sandbox() as desktop:
        await desktop.bash(f"head -c 1G /dev/zero >{folder}/filler 2>/dev/null; true")
        with pytest.raises(ActionFailed, match="No space left"):
            await desktop.put(bytes(1000), f"{folder}/one-more")
        await desktop.screenshot()
        assert (await desktop.bash("echo on")).output == "on\n"
        await desktop.read_text()
        await desktop.bash(f"rm {folder}/filler")
        await works(desktop)


async def test_a_picture_a_millisecond_does_not_keep_the_hands_waiting() -> None:
    async with harness.sandbox() as desktop:
        enough = asyncio.Event()

        async def look() -> int:
            count = 0
            while not enough.is_set():
                await desktop.screenshot(format="jpeg")
                count += 1
            return count

        lookers = [asyncio.create_task(look()) for _ in range(8)]
        await works(desktop)
        enough.set()
        assert min(await asyncio.gather(*lookers)) > 0


async def test_a_desktop_of_a_thousand_windows_can_be_used() -> None:
    async with harness.sandbox() as desktop:
        await desktop.launch("python3", "-c", WINDOWS)
        last = await desktop.wait_for_window("window 999", timeout=60)
        there = [window for window in await desktop.windows() if window.title.startswith("window ")]
        assert len(there) == 1000
        minimized = next(window for window in there if window.title == "window 0")
        assert (await desktop.focus(minimized)).active
        assert (await desktop.focus(last)).active
        moved = await desktop.move_window(last, (300, 200))
        assert (moved.region.x, moved.region.y) == (300, 200)
        await desktop.screenshot()
        await desktop.close_window(last, force=True)  # and with it all of its program
        await works(desktop)


async def test_a_title_of_a_megabyte_is_cut_and_hurts_nothing() -> None:
    async with harness.sandbox() as desktop:
        await desktop.launch("python3", "-c", TITLE)
        window = await desktop.wait_for_window("endless endless")
        assert 0 < len(window.title) <= 1024
        assert (await desktop.focus(window)).active
        await desktop.screenshot()
        await works(desktop)
