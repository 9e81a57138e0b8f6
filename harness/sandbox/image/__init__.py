"""The sandbox image: its recipe, the images an engine has, and how one is built."""

from harness.sandbox.image.recipes import REPOSITORY, WIRE, Recipe, recipe
from harness.sandbox.image.store import (
    BUILD_COMMAND,
    Image,
    build,
    build_command,
    ensure_image,
    find,
    images,
    lookup,
    usable,
)

__all__ = [
    "BUILD_COMMAND",
    "REPOSITORY",
    "WIRE",
    "Image",
    "Recipe",
    "build",
    "build_command",
    "ensure_image",
    "find",
    "images",
    "lookup",
    "recipe",
    "usable",
]
