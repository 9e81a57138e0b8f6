"""Nodes a flow means, on the desktop in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.testing import FakeDesktop
from sandbox_image.wire import Region, WaitNode
from tests.support.flows import editor, run


def two_editors() -> FakeDesktop:
    desktop = FakeDesktop()
    for number in range(2):
        window = editor(f"Note {number}", "some text")
        window.region = Region(x=20 + 380 * number, y=60, width=360, height=240)
        desktop.guest.show(window)
    return desktop


@pytest.mark.parametrize(
    "narrow", ["{node: {role: button, name: Save, window: Note 1}}", "{node: {name: /^sav/}, nth: 2}"]
)
async def test_a_node_is_clicked_in_its_middle(narrow: str, tmp_path: Path) -> None:
    desktop = two_editors()
    ran = await run(f"steps:\n  - click: {narrow}\n", desktop, tmp_path)
    assert ran.verdict.outcome == "passed"
    assert "Saved" in [word.text for word in await desktop.read_text()]


async def test_two_nodes_that_fit_fail_the_step_with_both(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: {node: Save}\n    timeout: 50ms\n", two_editors(), tmp_path)
    assert "node named 'Save' was found 2 times; narrow it down: button 'Save' of" in ran.failure


async def test_a_node_that_is_not_there_fails_the_step(tmp_path: Path) -> None:
    ran = await run("steps:\n  - click: {node: {role: slider}}\n    timeout: 50ms\n", two_editors(), tmp_path)
    assert ran.failure == "there is no slider"


async def test_nodes_are_expected_and_expected_to_be_gone(tmp_path: Path) -> None:
    source = (
        "steps:\n  - expect: {node: {role: button, name: Close}}\n  - close: Note 0\n  - close: Note 1\n"
        "  - expect: {node: {role: button, name: Close}, gone: true}\n"
    )
    ran = await run(source, two_editors(), tmp_path)
    assert ran.verdict.outcome == "passed"


async def test_a_node_that_comes_later_is_waited_for_and_nobody_looks_meanwhile(tmp_path: Path) -> None:
    desktop = FakeDesktop(patient=True)

    async def later(action: object) -> None:
        if isinstance(action, WaitNode):
            asyncio.get_running_loop().call_soon(desktop.guest.show, editor())

    desktop.guest.hook = later
    source = "steps:\n  - {expect: {node: {role: button, name: Save}}, timeout: 10s}\n"
    assert (await run(source, desktop, tmp_path)).verdict.outcome == "passed"
    assert [action.kind for action in desktop.guest.done] == ["find_nodes", "wait_node", "find_nodes"]
