"""Sizes of pictures: what the model sees as it is, what it costs, and what is refused."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import anthropic
import pytest

from tests.support.api import MODELS, Turn, call, computer, member, say, stand_in
from tests.support.api.conversing import answered, asking, client, encoded, image, older, result, sent_back
from tests.support.api.models import HIGH, STANDARD
from tests.support.api.pictures import fits, fitted, patches

SIZES = [
    ((1024, 768), (1024, 768), (1024, 768)),
    ((1280, 720), (1280, 720), (1280, 720)),
    ((1280, 800), (1280, 800), (1280, 800)),
    ((1366, 768), (1366, 768), (1366, 768)),
    ((1440, 900), (1389, 868), (1440, 900)),
    ((1920, 1080), (1456, 819), (1920, 1080)),
    ((2560, 1440), (1456, 819), (2560, 1440)),
    ((3840, 2160), (1456, 819), (2576, 1449)),
]


@pytest.mark.parametrize(("source", "standard", "high"), SIZES)
def test_the_documented_sizes(source: tuple[int, int], standard: tuple[int, int], high: tuple[int, int]) -> None:
    assert (fitted(source, STANDARD), fitted(source, HIGH)) == (standard, high)
    assert fits(standard, STANDARD)
    assert fits(high, HIGH)


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        *[((1024, 768), 1036), ((1280, 720), 1196), ((1280, 800), 1334), ((1366, 768), 1372), ((1389, 868), 1550)],
        *[((1456, 819), 1560), ((1440, 900), 1716), ((1920, 1080), 2691), ((2560, 1440), 4784), ((2576, 1449), 4784)],
    ],
)
def test_the_documented_costs(size: tuple[int, int], tokens: int) -> None:
    assert patches(size) == tokens


async def refused_for_size(body: Any, content: list[Any]) -> tuple[int, list[str]]:
    """The limit and the places that a refusal of pictures names."""
    async with stand_in([Turn([say("Hm.")])]) as api, client(api.url) as claude:
        body["messages"][-1]["content"] = content
        with pytest.raises(anthropic.types.ImageDimensionsTooLargeError) as refused:
            await claude.messages.create(**body)
        assert api.violations
        return refused.value.details.max_side_length_pixels, refused.value.details.paths


async def test_no_side_is_longer_than_8000() -> None:
    assert await refused_for_size(asking(), [image(8001, 10), image(10, 10)]) == (8000, ["messages.0.content.0"])


async def test_with_more_than_20_pictures_no_side_is_longer_than_2000() -> None:
    content = [*[image(64, 64)] * 19, image(2001, 10), image(10, 2001)]
    assert await refused_for_size(asking(), content) == (2000, ["messages.0.content.19", "messages.0.content.20"])
    async with stand_in([Turn([say("Hm.")])]) as api, client(api.url) as claude:
        await claude.messages.create(**asking(messages=[{"role": "user", "content": content[1:]}]))
        assert not api.violations


async def test_a_result_of_the_toolset_is_never_downsized() -> None:
    async with stand_in([Turn([member("screenshot")]), Turn([say("Hm.")])]) as api, client(api.url) as claude:
        body = asking()
        turn = sent_back(await claude.messages.create(**body))
        told = [result(turn["content"][1], image(2560, 1600))]
        body["messages"] += [turn, {"role": "user", "content": told}]
        with pytest.raises(anthropic.types.ImageDimensionsTooLargeError) as refused:
            await claude.messages.create(**body)
        limit = refused.value.details.max_side_length_pixels
        assert refused.value.details.paths == ["messages.2.content.0.content.0"]
        told[0]["content"] = [image(limit, limit * 1600 // 2560)]
        await claude.messages.create(**body)
        assert len(api.violations) == 1


async def test_other_pictures_are_downsized_without_a_word_or_refused_where_asked() -> None:
    large = image(2560, 1600)
    async with stand_in([Turn([say("Hm.")])]) as api, client(api.url) as claude:
        await claude.messages.create(**asking(messages=[{"role": "user", "content": [large]}]))
        assert api.notes == [f"messages.0.content.0: downsized from (2560, 1600) to {fitted((2560, 1600), HIGH)}"]
    content = [{**large, "transformations": {"oversized_image": "error"}}]
    assert (await refused_for_size(asking(), content))[1] == ["messages.0.content.0"]


async def test_results_of_older_tools_are_downsized_without_a_word() -> None:
    async with stand_in([Turn([computer("screenshot")]), Turn([say("Hm.")])]) as api, client(api.url) as claude:
        body = older("claude-opus-4-6", "computer_20251124", 1920, 1080)
        turn = sent_back(await claude.beta.messages.create(**body))
        shown = result(turn["content"][0], image(1920, 1080))
        body["messages"] += [turn, {"role": "user", "content": [shown]}]
        await claude.beta.messages.create(**body)
        assert not api.violations
        assert api.notes == ["messages.2.content.0.content.0: downsized from (1920, 1080) to (1456, 819)"]


async def test_a_zoomed_picture_need_not_have_the_size_of_the_display() -> None:
    zoomed = computer("zoom", region=[0, 0, 100, 50])
    async with stand_in([Turn([zoomed]), Turn([say("Hm.")])]) as api, client(api.url) as claude:
        body = older("claude-opus-5", "computer_20251124", enable_zoom=True)
        turn = sent_back(await claude.beta.messages.create(**body))
        shown = result(turn["content"][-1], image(1280, 640))
        body["messages"] += [turn, {"role": "user", "content": [shown]}]
        await claude.beta.messages.create(**body)
        assert not api.violations


async def test_all_formats_are_read() -> None:
    content = [image(data=encoded(64, 64, kind=kind), media_type=f"image/{kind.lower()}") for kind in FORMATS]
    async with stand_in([Turn([say("Hm.")])]) as api, client(api.url) as claude:
        await claude.messages.create(**asking(messages=[{"role": "user", "content": content}]))
        assert not api.violations


FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


@pytest.mark.parametrize(("window", "most"), [(200_000, 100), (1_000_000, 600)])
async def test_there_are_at_most_so_many_pictures(window: int, most: int) -> None:
    model = dataclasses.replace(MODELS["claude-sonnet-5-5"], window=window)
    async with stand_in([Turn([say("Hm.")])] * 2, models={model.id: model}) as api, client(api.url) as claude:
        content = [image(32, 32)] * most
        await claude.messages.create(**asking(messages=[{"role": "user", "content": content}]))
        assert not api.violations
        with pytest.raises(anthropic.BadRequestError, match=f"too many images: {most + 1} > {most}"):
            await claude.messages.create(**asking(messages=[{"role": "user", "content": [*content, image(32, 32)]}]))


async def test_a_picture_of_more_than_10_mb_is_refused() -> None:
    # What follows the end of a PNG is not looked at.
    heavy = base64.b64encode(base64.b64decode(encoded(64, 64)) + bytes(8 * 1024 * 1024)).decode()
    async with stand_in([]) as api, client(api.url) as claude:
        with pytest.raises(anthropic.BadRequestError, match="image exceeds 10 MB maximum"):
            await claude.messages.create(**asking(messages=[{"role": "user", "content": [image(data=heavy)]}]))
        assert api.violations


async def test_a_count_of_tokens_does_not_look_at_pictures() -> None:
    async with stand_in([Turn([call("bash", command="ls")])]) as api, client(api.url) as claude:
        body = asking()
        turn = sent_back(await claude.messages.create(**body))
        body["messages"] += [turn, answered(turn), {"role": "user", "content": [image(data="bm9uZQ==")]}]
        del body["max_tokens"]
        counted = await claude.messages.count_tokens(**body)
        assert counted.input_tokens > 4500
        assert not api.violations
