"""What the sandbox image should be.

An image is named by its recipe: the hash of the Dockerfile, of all that is copied in and of the architecture. So an
image that is there is never out of date, a changed recipe leaves the old image for those who still use it, and
asking whether anything has to be built costs a lookup.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import EngineError
from harness.sandbox.connection import EngineRefused, NotFound
from harness.sandbox.image.wheels import MACHINES
from sandbox_image import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker import DockerClient

REPOSITORY = "harness-sandbox"
WIRE = "harness.wire"
"""The label of images, and of containers made from them, that tells the fingerprint of their wire."""


class Recipe(NamedTuple):
    """What this version of the harness wants an image to be.

    `files` are those of the plain image, as they were read; `apps` are Debian packages on top of that.
    """

    hash: str
    wire: str
    architecture: str
    files: Mapping[str, bytes]
    apps: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Repository and tag."""
        return f"{REPOSITORY}:{self.hash[:12]}"

    @property
    def labels(self) -> dict[str, str]:
        """What the image says about itself."""
        told = {"harness.recipe": self.hash, WIRE: self.wire, "harness.architecture": self.architecture}
        return told | ({"harness.apps": " ".join(self.apps)} if self.apps else {})

    def with_apps(self, apps: Sequence[str]) -> Recipe:
        """This plain recipe with applications on top: their image is named by what it is made from as well."""
        if not apps:
            return self
        text = addition(self.name, apps)
        return self._replace(hash=hashlib.sha256(f"{self.hash}\0{text}".encode()).hexdigest(), apps=tuple(apps))


def addition(ground: str, apps: Sequence[str]) -> str:
    """The Dockerfile that adds applications; the font cache comes a layer after the fonts, as in the plain image."""
    return f"FROM {ground}\nRUN python3 -I -m sandbox_image.packages {' '.join(apps)}\nRUN fc-cache -s\n"


def recipe(client: DockerClient) -> Recipe:
    """The plain recipe for the architecture of this engine. Raises EngineError for one it is not made for."""
    with asking("tell its architecture"):
        architecture = str(client.version()["Arch"])
    return _recipe(supported(architecture))


def supported(architecture: str) -> str:
    """An engine's architecture, if a sandbox can be made for it; else raises EngineError."""
    if architecture not in MACHINES:
        raise EngineError(
            f"this engine is {architecture}, and the sandbox is made for {' and '.join(MACHINES)} alone: point "
            f"DOCKER_HOST or a docker context at an engine of one of these"
        )
    return architecture


@lru_cache
def _recipe(architecture: str) -> Recipe:
    files = fingerprint.recipe_files()
    return Recipe(fingerprint.recipe_hash(architecture, files), fingerprint.wire_fingerprint(), architecture, files)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Raise EngineError where the engine refuses or goes away; that something is not there is for the caller."""
    try:
        yield
    except NotFound:
        raise
    except (EngineRefused, OSError) as error:
        raise EngineError(f"the engine could not {what}: {error}") from error
