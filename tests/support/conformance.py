"""What every desktop keeps to: the fake one and the one in a container alike.

A check takes a Desktop and asserts. The desktop has a text editor called `mousepad`, and waits for windows.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harness.errors import (
    ActionFailed,
    DeadlinePassed,
    FileFailed,
    LaunchFailed,
    NoSuchWindow,
    NotOnScreen,
    UnknownKey,
    Untypable,
)
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import (
    Done,
    ErrorCode,
    ListWindows,
    Move,
    Picture,
    Region,
    ScreenPoint,
    Settle,
    Size,
    WaitWindow,
    Window,
)

Check = Callable[[Desktop], Awaitable[None]]
CHECKS: list[Check] = []
HOME = "/home/user"
QUICK = Settle(quiet_ms=1, first_ms=1)


def check(function: Check) -> Check:
    """Add a check to the list."""
    CHECKS.append(function)
    return function


async def editor(desktop: Desktop) -> Window:
    """A new editor window with the focus."""
    before = {window.id for window in await desktop.windows()}
    launched = await desktop.launch("mousepad", "--disable-server")
    window = await desktop.wait_for_window("mousepad", pid=launched.pid)
    assert window.id not in before
    await desktop.click(window.region)
    return window


@check
async def a_screenshot_shows_the_whole_screen_pixel_by_pixel(desktop: Desktop) -> None:
    shot = await desktop.screenshot(format="png")
    assert (shot.format, shot.size) == ("png", desktop.screen)
    assert shot.image().size == (desktop.screen.width, desktop.screen.height)


@check
async def a_screenshot_of_a_region_has_exactly_the_size_asked_for(desktop: Desktop) -> None:
    region = Region(x=11, y=7, width=101, height=53)
    shot = await desktop.screenshot(region=region, size=Size(width=50, height=33), format="jpeg")
    assert (shot.format, shot.viewport.region, shot.image().size) == ("jpeg", region, (50, 33))
    assert (await desktop.screenshot(region=region)).size == region.size


@check
async def the_last_pixel_is_on_the_screen_and_the_next_is_not(desktop: Desktop) -> None:
    right, bottom = desktop.screen.width - 1, desktop.screen.height - 1
    for corner in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
        await desktop.move(corner, settle=QUICK)
    for outside in ((right + 1, 0), (0, bottom + 1), (-1, 0), (0, -1)):
        for attempt in (desktop.move(outside), desktop.click(outside), desktop.scroll(outside, dy=1)):
            with pytest.raises(NotOnScreen):
                await attempt
        with pytest.raises(NotOnScreen):
            await desktop.drag((0, 0), outside)


@check
async def regions_off_the_screen_are_refused_before_anything_is_done(desktop: Desktop) -> None:
    beyond = Region(x=desktop.screen.width - 10, y=0, width=11, height=10)
    with pytest.raises(NotOnScreen):
        await desktop.screenshot(region=beyond)
    with pytest.raises(NotOnScreen):
        await desktop.read_text(beyond)
    with pytest.raises(NotOnScreen) as caught:
        await desktop.perform(Move(to=ScreenPoint(x=1, y=1)), picture=Picture(region=beyond))
    assert caught.value.reply is not None
    assert caught.value.reply.results == ()


@check
async def keys_nobody_knows_and_characters_on_no_key_are_refused(desktop: Desktop) -> None:
    for keys in ("NoSuchKey", "ctrl+nosuchkey", "ctrl+"):
        with pytest.raises(UnknownKey):
            await desktop.press(keys)
    with pytest.raises(Untypable):
        await desktop.type("漢字")


@check
async def keys_have_the_names_that_x_gives_them_in_any_case(desktop: Desktop) -> None:
    for keys in ("Escape", "ESC", "shift", "Page_Up", "pgup", "ctrl+shift+Escape", "F12", "Left"):
        await desktop.press(keys, settle=QUICK)


@check
async def a_key_that_does_nothing_changes_nothing(desktop: Desktop) -> None:
    effect = await desktop.press("shift")
    assert (effect.changed, effect.box, effect.share) == (False, None, 0)


@check
async def the_first_action_that_fails_ends_the_rest_and_the_picture_is_taken(desktop: Desktop) -> None:
    off = ScreenPoint(x=desktop.screen.width, y=0)
    actions = Move(to=ScreenPoint(x=1, y=1)), Move(to=off), ListWindows()
    with pytest.raises(NotOnScreen) as caught:
        await desktop.perform(*actions, picture=Picture(), settle=Settle(first_ms=1))
    assert caught.value.failure.action == 1
    assert caught.value.reply is not None
    assert caught.value.reply.results == (Done(),)
    assert caught.value.reply.effect is not None
    assert len(caught.value.picture) > 0


@check
async def a_program_opens_a_window_that_takes_what_is_typed(desktop: Desktop) -> None:
    window = await editor(desktop)
    listed = {one.id: one for one in await desktop.windows()}
    assert listed[window.id].active
    assert "mousepad" in {half.casefold() for half in window.window_class}
    effect = await desktop.type("Sandboxes conform today ")
    assert effect.changed
    assert effect.box is not None
    assert 0 < effect.share < 1
    words = {word.text: word for word in await desktop.read_text(listed[window.id].region)}
    assert {"Sandboxes", "conform"} <= set(words)
    assert words["Sandboxes"].line == words["conform"].line
    assert words["Sandboxes"].box.x < words["conform"].box.x


@check
async def windows_are_found_by_title_class_and_pid_together(desktop: Desktop) -> None:
    window = await editor(desktop)
    same = await desktop.wait_for_window(title_regex="(?i)mouse.*d$", window_class="MOUSEPAD", pid=window.pid)
    assert same.id == window.id
    with pytest.raises(NoSuchWindow):
        await desktop.wait_for_window("mousepad", window_class="other", timeout=0.05)


@check
async def a_window_that_does_not_come_is_told_after_the_time_given(desktop: Desktop) -> None:
    with pytest.raises(NoSuchWindow, match="no-such-window"):
        await desktop.wait_for_window("no-such-window", timeout=0.05)


@check
async def a_request_ends_by_its_deadline(desktop: Desktop) -> None:
    with pytest.raises(DeadlinePassed):
        await desktop.perform(WaitWindow(title="no-such-window"), deadline=0.2)
    assert await desktop.windows() is not None


@check
async def a_cancelled_request_leaves_a_desktop_that_works(desktop: Desktop) -> None:
    waiting = asyncio.create_task(desktop.wait_for_window("no-such-window"))
    await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await desktop.move((5, 5))


@check
async def a_program_that_is_not_there_fails_to_launch(desktop: Desktop) -> None:
    with pytest.raises(LaunchFailed):
        await desktop.launch("no-such-program")


@check
async def commands_give_output_and_exit_code_and_are_stopped_in_time(desktop: Desktop) -> None:
    result = await desktop.bash("echo hello  world")
    assert (result.output, result.exit_code, result.timed_out, result.omitted) == ("hello world\n", 0, False, 0)
    assert (await desktop.bash("false")).exit_code == 1
    late = await desktop.bash("sleep 1000", timeout=0.2)
    assert (late.timed_out, late.exit_code) == (True, None)
    assert (await desktop.bash("echo on", restart=True)).output == "on\n"


@check
async def files_go_in_and_come_out_byte_by_byte(desktop: Desktop) -> None:
    content = bytes(range(256)) * 5000
    await desktop.put(content, "deep/er/with space ü.bin")
    assert await desktop.read(f"{HOME}/deep/er/with space ü.bin") == content
    with tempfile.TemporaryDirectory() as folder:
        file, tree = Path(folder) / "sub" / "file", Path(folder) / "tree"
        await desktop.get("deep/er/with space ü.bin", file)
        await desktop.get("deep", tree)
        assert file.read_bytes() == content
        assert (tree / "er" / "with space ü.bin").read_bytes() == content


@check
async def empty_files_are_files(desktop: Desktop) -> None:
    await desktop.put(b"", "empty")
    assert await desktop.read("empty") == b""


@check
async def what_the_file_system_refuses_is_a_failed_file(desktop: Desktop) -> None:
    await desktop.put(b"x", "refusals/file")
    for attempt, code in (
        (desktop.read("refusals/none"), ErrorCode.NOT_FOUND),
        (desktop.read("refusals"), ErrorCode.FILE_ERROR),
        (desktop.put(b"x", "refusals"), ErrorCode.FILE_ERROR),
    ):
        with pytest.raises(FileFailed) as caught:
            await attempt
        assert caught.value.code is code
    with pytest.raises(FileFailed):
        await desktop.put(b"x", "/etc/not-for-you")


@check
async def no_more_of_a_file_is_read_than_allowed(desktop: Desktop) -> None:
    await desktop.put(bytes(200_000), "large")
    with pytest.raises(ActionFailed) as caught:
        await desktop.read("large", limit=100_000)
    assert caught.value.code is ErrorCode.OVERSIZED
    assert len(await desktop.read("large", limit=200_000)) == 200_000
