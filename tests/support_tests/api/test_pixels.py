"""A model that sees: what it finds in a picture, and how it points at it in each form of the computer tool."""

from __future__ import annotations

import base64
import io
from itertools import chain, repeat
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.support.api import stand_in
from tests.support.api.conversing import asking, client, image, older, result, sent_back
from tests.support.api.pixels import Box, PixelPolicy, click_on, do, find, find_all, find_template, see

RED, GREEN = (220, 30, 30), (30, 200, 60)


def picture(*boxes: tuple[Box, tuple[int, int, int]], size: tuple[int, int] = (640, 400)) -> Image.Image:
    made = Image.new("RGB", size, (240, 240, 240))
    for box, colour in boxes:
        ImageDraw.Draw(made).rectangle((box.left, box.top, box.right - 1, box.bottom - 1), fill=colour)
    return made


def test_the_largest_thing_of_a_colour_is_found() -> None:
    small, large = Box(10, 10, 20, 20), Box(100, 50, 200, 90)
    seen = picture((small, RED), (large, RED), (Box(300, 300, 600, 390), GREEN))
    assert find_all(seen, RED) == [large, small]
    assert find(seen, RED) == large
    assert large.centre == (149, 69)
    assert find(seen, (0, 0, 255)) is None


def test_a_thing_of_another_form_is_one_thing() -> None:
    seen = picture((Box(10, 10, 20, 60), RED), (Box(50, 10, 60, 60), RED), (Box(10, 50, 60, 60), RED))
    assert find_all(seen, RED) == [Box(10, 10, 60, 60)]


def test_a_scaled_and_compressed_picture_is_found_as_well() -> None:
    seen = picture((Box(100, 100, 300, 200), RED)).resize((320, 200))
    buffer = io.BytesIO()
    seen.save(buffer, "JPEG", quality=60)
    box = find(Image.open(buffer), RED)
    assert box
    assert abs(box.centre[0] - 99) <= 1
    assert abs(box.centre[1] - 74) <= 1


def test_a_speck_is_nothing() -> None:
    assert find(picture((Box(5, 5, 7, 7), RED)), RED) is None


def test_a_template_is_found_where_it_stands() -> None:
    seen = picture((Box(100, 50, 200, 90), RED), (Box(120, 60, 130, 80), GREEN))
    assert find_template(seen, seen.crop((110, 55, 140, 85))) == Box(110, 55, 140, 85)
    assert find_template(seen, picture(size=(641, 5))) is None
    assert find_template(seen, Image.new("RGB", (5, 5), (1, 2, 3))) is None


def shown(seen: Image.Image) -> Any:
    buffer = io.BytesIO()
    seen.save(buffer, "PNG")
    return image(data=base64.b64encode(buffer.getvalue()).decode())


@pytest.mark.parametrize("form", ["toolset", "computer_20251124", "computer_20250124"])
async def test_a_policy_works_through_its_steps_in_the_form_that_was_declared(form: str) -> None:
    button, dialog = picture((Box(100, 50, 200, 90), RED)), picture((Box(300, 300, 400, 340), GREEN))
    screens = chain([button, button], repeat(dialog))
    now = next(screens)
    calls: list[tuple[str, Any]] = []
    if form == "toolset":
        body = asking()
    else:
        body = older("claude-opus-5" if form == "computer_20251124" else "claude-haiku-4-5", form, 640, 400)
    steps = [click_on(RED), see(GREEN), do("type", text="milk"), click_on(GREEN, action="double_click")]
    async with stand_in(PixelPolicy(steps)) as api, client(api.url) as claude:
        while (reply := await claude.beta.messages.create(**body)).stop_reason == "tool_use":
            turn = sent_back(reply)
            uses = [block for block in turn["content"] if block["type"] == "tool_use"]
            for use in uses:
                given = dict(use["input"])
                calls.append((given.pop("action", use["name"]), given))
            told = [result(use, shown(now)) if use is uses[-1] else result(use) for use in uses]
            body["messages"] += [turn, {"role": "user", "content": told}]
            now = next(screens)
        assert not api.violations
        assert reply.content[-1].text == "Done."
    done = [one for one in calls if one[0] not in {"screenshot", "wait"}]
    assert done == [
        ("left_click", {"coordinate": [149, 69]}),
        ("type", {"text": "milk"}),
        ("double_click", {"coordinate": [349, 319]}),
    ]


async def test_a_policy_that_finds_nothing_says_so_in_the_end() -> None:
    async with stand_in(PixelPolicy([click_on(RED)], patience=2)) as api, client(api.url) as claude:
        body = asking()
        for _ in range(3):
            turn = sent_back(await claude.messages.create(**body))
            uses = [block for block in turn["content"] if block["type"] == "tool_use"]
            body["messages"] += [turn, {"role": "user", "content": [result(use) for use in uses]}]
        reply: Any = await claude.messages.create(**body)
        assert reply.content[-1].text == "Step 1 found nothing."
        repeated: Any = await claude.messages.create(**body)
        assert repeated.content[-1].text == reply.content[-1].text
