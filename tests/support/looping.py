"""A loop over the stand-in for the Messages API, at a desktop in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from harness.agent.limits import Limits, Spent
from harness.agent.loop import Loop, text
from harness.agent.telling import Telling
from harness.geometry import Viewport
from harness.model.asking import Asking
from harness.model.catalog import Entry, find
from harness.model.claude import Claude
from harness.model.clients import Line
from harness.model.transcript import Transcript
from harness.testing import FakeDesktop
from harness.tools.bash import Bash
from harness.tools.computer import Computer
from harness.tools.editor import NAMES, Editor
from harness.tools.toolbox import Toolbox
from sandbox_image.wire import Region
from tests.support.api.conversing import client
from tests.support.moments import Moments

if TYPE_CHECKING:
    from harness.agent.outcome import Outcome
    from harness.sandbox.desktop import Desktop
    from tests.support.api import StandIn


@asynccontextmanager
async def loop_over(
    api: StandIn, model: str, desktop: Desktop | None = None, entry: Entry | None = None
) -> AsyncIterator[Loop]:
    """A run without a limit, as a task would be joined."""
    desktop = desktop or FakeDesktop((1280, 800))
    entry, screen = entry or find(model) or Entry(), desktop.screen
    asking = Asking(model, entry, "You work at a desktop.", screen)
    view = Viewport(region=Region(x=0, y=0, width=screen.width, height=screen.height), shown=asking.shown)
    tools = Toolbox(Computer(desktop, view), {"bash": Bash(desktop), NAMES[entry.editor]: Editor(desktop)})
    transcript = Transcript()
    transcript.say(text("look around"))
    limits, spent, telling = Limits(None, None, None, None), Spent(entry.price), Telling(lambda _: None, view)
    async with client(api.url) as opened:
        claude = Claude(Line(opened), Moments().throttle(), waits=lambda _: None, hears=lambda _: None)
        yield Loop(claude, asking, tools, transcript, limits, spent, telling)


async def run_over(api: StandIn, model: str, desktop: Desktop | None = None, entry: Entry | None = None) -> Outcome:
    """What becomes of such a run."""
    async with loop_over(api, model, desktop, entry) as loop:
        return await loop.run()
