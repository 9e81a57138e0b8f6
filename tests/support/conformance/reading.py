"""Text on the screen."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness.errors import DeadlinePassed, NotInstalled
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import check, editor


@check
async def text_is_found_where_it_was_typed(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.type("Monthly report\nother report\n")
    await desktop.wait_for_still(window.region)
    (match,) = await desktop.find_text("monthly REPORT", region=window.region)
    assert match.text == "Monthly report"
    assert match.box.clipped(window.region) == match.box
    first, second = await desktop.find_text(re.compile("report"), region=window.region)
    assert first.box.y < second.box.y
    assert await desktop.find_text("report", region=window.region, nth=2) == (second,)
    assert await desktop.find_text("quarterly", region=window.region) == ()


@check
async def text_is_waited_for_while_others_act(desktop: Desktop) -> None:
    window = await editor(desktop)
    match, _ = await asyncio.gather(
        desktop.wait_for_text("finished", region=window.region), desktop.type("It is finished")
    )
    assert match.text == "finished"
    await asyncio.gather(
        desktop.wait_for_text_gone("finished", region=window.region), desktop.press("backspace", repeat=9)
    )
    with pytest.raises(DeadlinePassed, match="'finished' cannot be read"):
        await desktop.wait_for_text("finished", region=window.region, timeout=0.2)


@check
async def a_language_that_is_not_there_is_refused_with_those_there_are(desktop: Desktop) -> None:
    with pytest.raises(NotInstalled, match=r"no OCR data for xyz; it has .*eng"):
        await desktop.read_text(languages=("eng", "xyz"))
