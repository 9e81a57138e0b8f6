"""Applications on top of the sandbox image: Debian packages, in layers of their own."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from harness.errors import EngineError, UsageError
from harness.sandbox.image import builder
from harness.sandbox.image.recipes import addition
from sandbox_image.fingerprint import DOCKERFILE

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.sandbox.image.progress import Steps
    from harness.sandbox.image.recipes import Recipe

_UNKNOWN = "no Debian package is called "  # as sandbox_image/packages.py says it


def add(client: DockerClient, ground: str, recipe: Recipe, steps: Steps, *, fresh: bool = False) -> None:
    """Build the image with the recipe's applications on the plain one. Raises UsageError for unknown packages."""
    log: deque[str] = deque(maxlen=builder.TAIL)
    try:
        with steps.step("apps", f"adding {', '.join(recipe.apps)} to {ground}"):
            contents = {DOCKERFILE: addition(ground, recipe.apps).encode()}
            builder.run(client, contents, log, steps, tag=recipe.name, labels=recipe.labels, nocache=fresh)
    except EngineError:
        if told := [line for line in log if line.startswith(_UNKNOWN)]:
            raise UsageError("; ".join(told)) from None
        raise
