"""Programs."""

from __future__ import annotations

import pytest

from harness.errors import LaunchFailed
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import check, editor


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
async def a_program_that_is_not_there_fails_to_launch(desktop: Desktop) -> None:
    with pytest.raises(LaunchFailed):
        await desktop.launch("no-such-program")
