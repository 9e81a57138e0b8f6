"""The sandbox images an engine has, and making the one that the recipe asks for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ImageMissing, UsageError, WireMismatch
from harness.sandbox.connection import NotFound, connect
from harness.sandbox.image import apps as applications
from harness.sandbox.image import builder
from harness.sandbox.image.progress import Progress, Steps, cache_folder, hold
from harness.sandbox.image.recipes import REPOSITORY, WIRE, Recipe, asking, recipe
from sandbox_image.fingerprint import wire_fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docker import DockerClient

BUILD_COMMAND = "harness image build"


@dataclass(frozen=True)
class Image:
    """An image in the engine. `recipe` and `wire` are empty where its labels do not tell; sizes in bytes.

    `current` is one that this version builds, plain or with `apps`; `derived` one that somebody built on such an image
    and gave a name of their own: its labels are those of the image below.
    """

    name: str
    id: str
    recipe: str
    wire: str
    architecture: str
    base: str
    created: str
    size: int
    current: bool
    apps: tuple[str, ...] = ()
    derived: bool = False

    @property
    def standing(self) -> str:
        """In a word."""
        if self.derived:
            return "derived"
        return "current" if self.current else "stale"


def build_command(apps: Sequence[str] = ()) -> str:
    """What builds the image of this version, plain or with applications."""
    return f"{BUILD_COMMAND} --apps {','.join(apps)}" if apps else BUILD_COMMAND


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


def lookup(client: DockerClient, name: str | None = None, apps: Sequence[str] = ()) -> Image:
    """As `find`, blocking; with applications, the image of the recipe that has exactly these."""
    plain = recipe(client)
    wanted = plain.with_apps(apps).name
    with suppress(NotFound), asking("look for the sandbox image"):
        return _image(client.images.get(name or wanted).attrs, plain, name or wanted)
    if name:
        raise ImageMissing(f"there is no image {name!r}: pull or build it, or leave `image` out for the default one")
    having = f" with {', '.join(apps)}" if apps else ""
    raise ImageMissing(f"the sandbox image {wanted}{having} is not built yet. Build it, once: `{build_command(apps)}`")


def usable(client: DockerClient, name: str | None = None, apps: Sequence[str] = ()) -> Image:
    """As `lookup`; raises WireMismatch for an image of another version. One without a label is asked when it runs."""
    found = lookup(client, name, apps)
    if found.wire not in {"", wire_fingerprint()}:
        again = f", then what is built on it: FROM {recipe(client).name}" if found.derived else ""
        raise WireMismatch(f"the image {found.name} was built for another version: run `{BUILD_COMMAND}`{again}")
    return found


def build(
    client: DockerClient,
    on_progress: Callable[[Progress], None],
    *,
    architecture: str | None = None,
    again: bool = False,
    apps: Sequence[str] = (),
) -> Image:
    """The image of the recipe; returns at once where it is there, unless `again` asks for the newest packages.

    With `apps`, names of Debian packages in order, they are added on top of the plain image, which is built first
    where it is missing. Blocking, minutes at worst. One build at a time for one user; who waits gets the image of who
    was first. Raises UsageError for a package that does not exist, and for another architecture than the engine's:
    the builder would silently make the wrong one.
    """
    plain = recipe(client)
    if architecture not in (None, plain.architecture):
        raise UsageError(
            f"this engine is {plain.architecture} and builds nothing else: for {architecture} point DOCKER_HOST "
            f"or a docker context at an engine of that kind"
        )
    steps = Steps(on_progress)
    if not again and (found := _there(client, apps)):
        return found
    with hold(cache_folder() / "build.lock", steps):
        if again or not _there(client):
            builder.build(client, plain, steps, fresh=again)
        if apps and (again or not _there(client, apps)):
            applications.add(client, plain.name, plain.with_apps(apps), steps, fresh=again)
        return lookup(client, apps=apps)


def _there(client: DockerClient, apps: Sequence[str] = ()) -> Image | None:
    with suppress(ImageMissing):
        return lookup(client, apps=apps)
    return None


def images(client: DockerClient) -> list[Image]:
    """All images of the harness and what was built on them, newest first."""
    plain = recipe(client)
    with asking("list images"):
        found = client.images.list(filters={"label": "harness.recipe"})
    told = [_image(image.attrs, plain, tag) for image in found for tag in image.tags or (image.short_id,)]
    return sorted(told, key=lambda image: image.created, reverse=True)


def _with_client(work: Callable[[DockerClient], Image], timeout: int = 60) -> Image:
    client = connect(timeout=timeout)
    try:
        return work(client)
    finally:
        client.close()


def _image(attrs: dict[str, Any], plain: Recipe, name: str) -> Image:
    labels = (attrs.get("Config") or {}).get("Labels") or {}
    made_from, apps = labels.get("harness.recipe", ""), tuple(labels.get("harness.apps", "").split())
    ours = name == f"{REPOSITORY}:{made_from[:12]}"
    return Image(
        name=name,
        id=attrs["Id"],
        recipe=made_from,
        wire=labels.get(WIRE, ""),
        architecture=attrs.get("Architecture", ""),
        base=labels.get("harness.base", ""),
        created=attrs.get("Created", ""),
        size=attrs.get("Size", 0),
        current=ours and made_from == plain.with_apps(apps).hash,
        apps=apps,
        derived=bool(attrs.get("RepoTags")) and not ours,
    )
