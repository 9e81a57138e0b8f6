"""Windows a flow means, on the desktop in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import Region, WaitWindow
from tests.support.flows import run


def two_windows() -> FakeDesktop:
    desktop = FakeDesktop()
    for title in ("left - Notes", "right - Notes"):
        desktop.guest.show(FakeWindow(title=title))
    return desktop


async def test_a_window_comes_to_the_front_and_takes_what_is_typed(tmp_path: Path) -> None:
    desktop = two_windows()
    ran = await run("steps:\n  - focus: left\n  - type: Hello\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert [(window.title, window.active) for window in await desktop.windows()][-1] == ("left - Notes", True)
    words = [word.text for word in await desktop.read_text()]
    assert "Hello" in words


async def test_a_window_is_put_to_its_place_and_size(tmp_path: Path) -> None:
    desktop = two_windows()
    ran = await run("steps:\n  - arrange: {title: left, to: [30, 50], size: 300x200}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    (left,) = [window for window in await desktop.windows() if window.title.startswith("left")]
    assert left.region == Region(x=30, y=50, width=300, height=200)


@pytest.mark.parametrize("state", ["maximized", "minimized", "fullscreen", "normal"])
async def test_a_window_is_given_a_state(state: str, tmp_path: Path) -> None:
    desktop = two_windows()
    ran = await run(f"steps:\n  - arrange: {{title: left, state: {state}}}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert {window.title: window.state for window in await desktop.windows()}["left - Notes"] == state


async def test_a_window_is_closed(tmp_path: Path) -> None:
    desktop = two_windows()
    ran = await run("steps:\n  - close: left\n  - expect: {window: left, gone: true}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert [window.title for window in await desktop.windows()] == ["right - Notes"]


async def test_two_windows_that_fit_fail_the_step_with_both(tmp_path: Path) -> None:
    ran = await run("steps:\n  - close: {title: Notes}\n    timeout: 50ms\n", two_windows(), tmp_path)
    assert ran.failure == (
        "2 windows have title 'Notes'; say more of the one that is meant: 'left - Notes' (Fake), 'right - Notes' (Fake)"
    )


async def test_a_window_that_is_not_there_fails_the_step_with_those_that_are(tmp_path: Path) -> None:
    ran = await run("steps:\n  - focus: {class: gimp}\n    timeout: 50ms\n", two_windows(), tmp_path)
    assert ran.failure == (
        "there is no window with class gimp; open windows: 'left - Notes' (Fake), 'right - Notes' (Fake)"
    )


@pytest.mark.parametrize("step", ["expect: {window: 'Save - “Notes”'}", "focus: {title: /^save\\b/, class: fake}"])
async def test_a_window_that_comes_later_is_waited_for_and_nobody_looks_meanwhile(step: str, tmp_path: Path) -> None:
    desktop = FakeDesktop(patient=True)

    async def later(action: object) -> None:
        if isinstance(action, WaitWindow):
            asyncio.get_running_loop().call_soon(desktop.guest.show, FakeWindow(title='Save – "Notes"'))  # noqa: RUF001

    desktop.guest.hook = later
    ran = await run(f"steps:\n  - {step}\n    timeout: 10s\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert [action.kind for action in desktop.guest.done][:3] == ["list_windows", "wait_window", "list_windows"]
