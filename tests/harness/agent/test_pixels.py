"""A model that sees only the pictures it is sent, at a real desktop: a point that is mapped wrongly misses."""

from __future__ import annotations

from dataclasses import replace

import pytest

import harness
from harness.agent.limits import Limits
from harness.agent.outcome import Finished, Outcome
from harness.agent.task import Task, run_task
from harness.model.reach import Api, Reach
from tests.support.api import MODELS, Refuse, StandIn, stand_in
from tests.support.api.models import Tier
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
LATE = """<!doctype html><title>form</title><body style="margin:0">
<div id=a style="width:14px;height:14px;background:rgb(220,20,20)"></div><script>
a.onclick=()=>{a.style.background='rgb(20,20,220)';setTimeout(()=>{a.style.background='rgb(20,160,20)'},200)}
</script>"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")


@pytest.mark.parametrize(
    ("model", "screen"),
    [
        ("claude-opus-5", "1280x800"),
        ("claude-opus-4-6", "1920x1080"),
        ("claude-haiku-4-5", "2560x1440"),
        ("claude-sonnet-5-5", "3840x2160"),
        ("claude-opus-5-5", "640x480"),
        ("claude-haiku-5-5", "800x1280"),
        ("claude-fable-5-2", "1281x801"),
    ],
)
async def test_small_targets_at_the_edges_are_hit_on_screens_of_all_sizes(model: str, screen: str) -> None:
    async with stand_in(filling()) as api:
        assert await filled(api, model, screen) == Finished("Done.")
    assert api.violations == []


async def test_targets_are_hit_also_after_pictures_had_to_be_made_smaller() -> None:
    model = "claude-sonnet-5-5"
    async with stand_in(filling(), models={model: replace(MODELS[model], tier=Tier(1120, 900))}) as api:
        assert await filled(api, model, "1920x1080") == Finished("Done.")
    assert [violation.problem.details is not None for violation in api.violations] == [True]
    assert max(api.requests[-1].pictures[-1].size) <= 1120


async def test_an_older_tool_is_told_that_pictures_are_smaller_now() -> None:
    details = {"error_code": "image_dimensions_too_large", "max_side_length_pixels": 1000, "paths": ["messages.2"]}
    async with stand_in(filling(), bad_days={2: Refuse(400, "too large", details=details)}) as api:
        assert await filled(api, "claude-haiku-4-5", "1920x1080") == Finished("Done.")
    assert api.violations == []
    assert {max(picture.size) for picture in api.requests[-1].pictures} == {1000}


async def test_the_picture_after_an_action_shows_what_comes_of_it_a_moment_later() -> None:
    steps = [click_on(RED), see(GREEN)]
    async with stand_in(PixelPolicy(steps, patience=0)) as api:
        assert await filled(api, "claude-opus-5", "1280x800", LATE) == Finished("Done.")
    assert api.violations == []


def filling() -> PixelPolicy:
    """A model that fills the page's form."""
    return PixelPolicy([click_on(RED), click_on(BLUE, action="double_click"), do("type", text="Grüße"), see(GREEN)])


async def filled(api: StandIn, model: str, screen: str, page: str = PAGE) -> Outcome:
    """What becomes of the task in a sandbox with the page."""
    async with harness.sandbox(screen=screen) as desktop:
        await desktop.put(page.encode(), "form.html")
        await desktop.launch("chromium", "--kiosk", "form.html")
        await desktop.wait_for_window("form")
        await desktop.wait_for_still()
        task = Task("fill the form", model=model, limits=Limits(steps=20))
        return await run_task(task, desktop, reach=Reach(Api(base_url=api.url)))
