"""Pictures in a request: what they really are, what they cost, and which are too large."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil
from typing import TYPE_CHECKING

from PIL import Image

from tests.support.api.models import PIXELS_PER_PATCH, Tier
from tests.support.api.problems import Json, Problem

if TYPE_CHECKING:
    from tests.support.api.models import Model

MANY = 20
MOST_BYTES = 10 * 1024 * 1024
LONGEST, LONGEST_OF_MANY = 8000, 2000  # pixels
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


@dataclass(frozen=True)
class Picture:
    """One picture of a request that lies in the body as base64, with its size in pixels.

    `answers` is the tool call whose result holds it, as it was sent, or None.
    """

    path: str
    data: str
    media_type: str
    size: tuple[int, int]
    answers: Json | None
    strict: bool

    @cached_property
    def image(self) -> Image.Image:
        """Exactly what was sent."""
        return Image.open(io.BytesIO(base64.b64decode(self.data))).convert("RGB")


@dataclass(frozen=True)
class Found:
    """Where an image block stands."""

    path: str
    block: Json
    answers: Json | None


def patches(size: tuple[int, int]) -> int:
    """How many patches a picture of this size in pixels is, which is what it costs in tokens."""
    return ceil(size[0] / PIXELS_PER_PATCH) * ceil(size[1] / PIXELS_PER_PATCH)


def fits(size: tuple[int, int], tier: Tier) -> bool:
    """Whether the model sees the picture as it is."""
    padded = (ceil(side / PIXELS_PER_PATCH) * PIXELS_PER_PATCH for side in size)
    return max(padded) <= tier.edge and patches(size) <= tier.patches


def fitted(size: tuple[int, int], tier: Tier) -> tuple[int, int]:
    """The largest size of the same shape that the model sees as it is."""
    if fits(size, tier):
        return size
    low, high = 1, max(size)  # low fits, high does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(_scaled(size, middle), tier) else (low, middle)
    return _scaled(size, low)


def _scaled(size: tuple[int, int], long: int) -> tuple[int, int]:
    short = max(1, round(min(size) * long / max(size)))
    return (long, short) if size[0] >= size[1] else (short, long)


def visual_tokens(size: tuple[int, int], model: Model) -> int:
    """What a picture costs this model."""
    return patches(fitted(size, model.tier))


def image_blocks(body: Json) -> Iterator[Found]:
    """Every image of a request that has the documented shape, in order."""
    calls: dict[str, Json] = {}
    for at, message in enumerate(body["messages"]):
        content = message["content"] if isinstance(message["content"], list) else []
        calls |= {block["id"]: block for block in content if block["type"] == "tool_use"}
        for place, block in enumerate(content):
            path = f"messages.{at}.content.{place}"
            if block["type"] == "image":
                yield Found(path, block, None)
            elif block["type"] == "tool_result" and isinstance(block.get("content"), list):
                for inner, part in enumerate(block["content"]):
                    if part["type"] == "image":
                        yield Found(f"{path}.content.{inner}", part, calls.get(block["tool_use_id"]))


@lru_cache(maxsize=256)
def looked_at(data: str) -> tuple[str, tuple[int, int]] | str:
    """Media type and size in pixels of what really is there, or what is wrong with it. Decodes all of it."""
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error:
        return "is not base64"
    try:
        with Image.open(io.BytesIO(raw)) as image:
            image.load()
            return FORMATS.get(image.format or "", "unknown"), image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"could not be processed: {error}"


def look(body: Json) -> tuple[tuple[Picture, ...], list[Problem]]:
    """The pictures of a request, and what is wrong with those that are none."""
    pictures: list[Picture] = []
    problems: list[Problem] = []
    for found in image_blocks(body):
        source = found.block["source"]
        if source["type"] != "base64":
            continue
        path = f"{found.path}.source.base64"
        seen = looked_at(source["data"])
        if isinstance(seen, str):
            problems.append(Problem(f"{path}.data", f"the image {seen}"))
            continue
        media_type, size = seen
        if media_type != source["media_type"]:
            named = source["media_type"]
            message = f"the image was specified using the {named} media type, but it appears to be {media_type}"
            problems.append(Problem(f"{path}.media_type", message))
        if len(source["data"]) > MOST_BYTES:
            problems.append(Problem(f"{path}.data", f"image exceeds 10 MB maximum: {len(source['data'])} bytes"))
        strict = (found.block.get("transformations") or {}).get("oversized_image") == "error"
        pictures.append(Picture(found.path, source["data"], media_type, size, found.answers, strict))
    return tuple(pictures), problems


def too_many(body: Json, model: Model) -> Iterator[Problem]:
    """More pictures than one request holds."""
    count = sum(1 for _ in image_blocks(body))
    if count > model.most_pictures:
        yield Problem("messages", f"too many images: {count} > {model.most_pictures}")


def too_large(pictures: tuple[Picture, ...], model: Model, count: int) -> Iterator[Problem]:
    """Pictures that the API refuses for their size. `count` is that of all images of the request."""
    longest = LONGEST_OF_MANY if count > MANY else LONGEST
    if over := [picture for picture in pictures if max(picture.size) > longest]:
        yield _oversized(over, longest)
        return
    bound = [picture for picture in pictures if picture.strict or _of_toolset(picture)]
    if over := [picture for picture in bound if not fits(picture.size, model.tier)]:
        yield _oversized(over, min(max(fitted(picture.size, model.tier)) for picture in over))


def downsized(pictures: tuple[Picture, ...], model: Model) -> Iterator[str]:
    """Pictures that the model sees smaller than they were sent, which the API does without a word."""
    for picture in pictures:
        if not fits(picture.size, model.tier):
            small = fitted(picture.size, model.tier)
            yield f"{picture.path}: downsized from {picture.size} to {small}"


def undeclared(pictures: tuple[Picture, ...], width: int, height: int) -> Iterator[Problem]:
    """Pictures of another size than the declared display, with the older tools: the model would point beside."""
    for picture in pictures:
        call = picture.answers
        if call is None or call["name"] != "computer" or call["input"].get("action") == "zoom":
            continue
        if picture.size != (width, height):
            shown = f"{picture.size[0]}x{picture.size[1]}"
            message = f"the picture is {shown}, but the declared display is {width}x{height}. Declare what is sent."
            yield Problem(picture.path, message)


def _of_toolset(picture: Picture) -> bool:
    return picture.answers is not None and picture.answers.get("toolset_name") is not None


def _oversized(over: list[Picture], longest: int) -> Problem:
    paths = [picture.path for picture in over]
    code = "image_dimensions_too_large"
    shown = f"{over[0].size[0]}x{over[0].size[1]}"
    message = f"image of {shown} is too large: no side may exceed {longest} pixels in this request"
    return Problem(paths[0], message, details={"error_code": code, "max_side_length_pixels": longest, "paths": paths})
