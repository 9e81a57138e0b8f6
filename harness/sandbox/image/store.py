"""The sandbox images an engine has, and making the one that the recipe asks for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ImageMissing, UsageError, WireMismatch
from harness.sandbox.connection import NotFound, connect
from harness.sandbox.image import builder
from harness.sandbox.image.progress import Progress, Steps, cache_folder, hold
from harness.sandbox.image.recipes import Recipe, asking, recipe
from sandbox_image.fingerprint import wire_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient

BUILD_COMMAND = "harness image build"


@dataclass(frozen=True)
class Image:
    """An image in the engine. `recipe` and `wire` are empty where its labels do not tell; sizes in bytes."""

    name: str
    id: str
    recipe: str
    wire: str
    architecture: str
    base: str
    created: str
    size: int
    current: bool


async def find(name: str | None = None) -> Image:
    """The image to start: the named one, or the one of the recipe. Raises ImageMissing with what builds it."""
    return await asyncio.to_thread(_with_client, lambda client: lookup(client, name))


async def ensure_image(on_progress: Callable[[Progress], None] | None = None) -> Image:
    """The image of the recipe, built now where it is missing. Progress is told in the caller's event loop."""
    loop = asyncio.get_running_loop()

    def tell(progress: Progress) -> None:
        if on_progress:
            loop.call_soon_threadsafe(on_progress, progress)

    return await asyncio.to_thread(_with_client, lambda client: build(client, tell), builder.SILENCE_SECONDS)


def lookup(client: DockerClient, name: str | None = None) -> Image:
    """As `find`, blocking."""
    wanted = recipe(client)
    with suppress(NotFound), asking("look for the sandbox image"):
        return _image(client.images.get(name or wanted.name).attrs, wanted, name or wanted.name)
    if name:
        raise ImageMissing(f"there is no image {name!r}: pull or build it, or leave `image` out for the default one")
    raise ImageMissing(f"the sandbox image {wanted.name} is not built yet. Build it, once: `{BUILD_COMMAND}`")


def usable(client: DockerClient, name: str | None = None) -> Image:
    """As `lookup`; raises WireMismatch for an image of another version. One without a label is asked when it runs."""
    found = lookup(client, name)
    if found.wire not in {"", wire_fingerprint()}:
        raise WireMismatch(f"the image {found.name} was built for another version: run `{BUILD_COMMAND}`")
    return found


def build(
    client: DockerClient,
    on_progress: Callable[[Progress], None],
    *,
    architecture: str | None = None,
    again: bool = False,
) -> Image:
    """The image of the recipe; returns at once where it is there, unless `again` asks for the newest packages.

    Blocking, minutes at worst. One build at a time for one user; who waits gets the image of who was first. Raises
    UsageError for another architecture than the engine's: the builder would silently make the wrong one.
    """
    wanted = recipe(client)
    if architecture not in (None, wanted.architecture):
        raise UsageError(
            f"this engine is {wanted.architecture} and builds nothing else: for {architecture} point DOCKER_HOST "
            f"or a docker context at an engine of that kind"
        )
    steps = Steps(on_progress)
    with suppress(ImageMissing):
        if not again:
            return lookup(client)
    with hold(cache_folder() / "build.lock", steps):
        with suppress(ImageMissing):
            if not again:
                return lookup(client)
        builder.build(client, wanted, steps, fresh=again)
        return lookup(client)


def images(client: DockerClient) -> list[Image]:
    """All images of the harness, newest first."""
    wanted = recipe(client)
    with asking("list images"):
        found = client.images.list(filters={"label": "harness.recipe"})
    told = [_image(image.attrs, wanted, tag) for image in found for tag in image.tags or (image.short_id,)]
    return sorted(told, key=lambda image: image.created, reverse=True)


def _with_client(work: Callable[[DockerClient], Image], timeout: int = 60) -> Image:
    client = connect(timeout=timeout)
    try:
        return work(client)
    finally:
        client.close()


def _image(attrs: dict[str, Any], wanted: Recipe, name: str) -> Image:
    labels = (attrs.get("Config") or {}).get("Labels") or {}
    return Image(
        name=name,
        id=attrs["Id"],
        recipe=labels.get("harness.recipe", ""),
        wire=labels.get("harness.wire", ""),
        architecture=attrs.get("Architecture", ""),
        base=labels.get("harness.base", ""),
        created=attrs.get("Created", ""),
        size=attrs.get("Size", 0),
        current=labels.get("harness.recipe") == wanted.hash,
    )
