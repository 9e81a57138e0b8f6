"""A model that sees only the pictures it is sent, at a real desktop: a point that is mapped wrongly misses."""

from __future__ import annotations

import anthropic
import pytest

import harness
from harness.agent.limits import Limits
from harness.agent.outcome import Finished
from harness.agent.task import Task, run_task
from harness.events import Event
from harness.model.claude import Claude
from harness.model.throttle import Throttle
from tests.support.api import stand_in
from tests.support.api.pixels import PixelPolicy, click_on, do, see

pytestmark = pytest.mark.container
RED, BLUE, GREEN = (220, 20, 20), (20, 20, 220), (20, 160, 20)
PAGE = """<!doctype html><title>form</title><style>body{margin:0;background:#fff}div{position:absolute}</style>
<div id=a style="left:1%;top:2%;width:14px;height:14px;background:rgb(220,20,20)"></div>
<div id=b style="right:0;bottom:0;width:12px;height:12px;background:rgb(20,20,220);display:none"></div>
<input id=i style="position:absolute;left:40%;top:50%;font-size:30px;display:none">
<script>
a.onclick=()=>{a.remove();b.style.display='block'}
b.ondblclick=()=>{b.remove();i.style.display='block';i.focus()}
i.oninput=()=>{if(i.value=='Grüße')document.body.style.background='rgb(20,160,20)'}
</script>"""


@pytest.mark.parametrize(
    ("model", "screen"),
    [
        ("claude-opus-5", "1280x800"),
        ("claude-opus-4-6", "1920x1080"),
        ("claude-haiku-4-5", "2560x1440"),
        ("claude-sonnet-5-5", "3840x2160"),
        ("claude-opus-5-5", "640x480"),
    ],
)
async def test_small_targets_at_the_edges_are_hit_on_screens_of_all_sizes(model: str, screen: str) -> None:
    policy = PixelPolicy([click_on(RED), click_on(BLUE, action="double_click"), do("type", text="Grüße"), see(GREEN)])
    events: list[Event] = []
    async with stand_in(policy) as api, harness.sandbox(screen=screen) as desktop:
        await desktop.put(PAGE.encode(), "form.html")
        await desktop.launch("chromium", "--kiosk", "form.html")
        await desktop.wait_for_window("form")
        await desktop.wait_for_still()
        client = anthropic.AsyncAnthropic(base_url=api.url, api_key="key", max_retries=0)
        outcome = await run_task(
            Task("fill the form", model=model, limits=Limits(steps=20)),
            desktop,
            events.append,
            open_model=lambda told: Claude(client, Throttle(), waits=told.waiting, hears=told.hear),
        )
    assert api.violations == []
    assert outcome == Finished("Done.")
