"""The usual way to drive a desktop in a container: a process for every step, a fixed pause, a shell pipeline.

It acts in the same container, on the same screen, as what it is compared with. Its programs are no part of the
sandbox image, so the bench runs on an image derived from it.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

LABEL = "harness.bench"
PAUSE = 2.0
"""Seconds that computer-use loops commonly wait after an action before they look."""
_RECIPE = """\
FROM {base}
LABEL harness.recipe=bench
RUN apt-get update -q \\
 && apt-get install -qy --no-install-recommends scrot xdotool imagemagick \\
 && rm -rf /var/lib/apt/lists/*
"""


def derived_image(engine: DockerClient, base: str) -> str:
    """Name of an image that has the sandbox and the usual way's programs; built where it is not there yet."""
    name = f"harness-bench:{base.rpartition(':')[2]}"
    if not engine.images.list(name=name):
        recipe = io.BytesIO(_RECIPE.format(base=base).encode())
        engine.images.build(fileobj=recipe, tag=name, rm=True, forcerm=True)
    return name


def container(engine: DockerClient, mark: str) -> Container:
    """The running container that was started with this mark in its label."""
    (found,) = engine.containers.list(filters={"label": f"{LABEL}={mark}"})
    return found


class UsualWay:
    """The steps, each a process of its own in the container."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def run(self, *argv: str) -> bytes:
        """One process, run to its end by the engine; its output."""
        return await asyncio.to_thread(self._run, argv)

    def _run(self, argv: tuple[str, ...]) -> bytes:
        code, output = self._container.exec_run(
            list(argv), user="user", environment={"DISPLAY": ":0"}, workdir="/home/user", stream=False
        )
        whole = output if isinstance(output, bytes) else b"".join(output)
        if code:
            raise HarnessError(f"the usual way failed: {' '.join(argv)}: {whole.decode(errors='replace')}")
        return whole

    async def screenshot(self, size: str) -> bytes:
        """To a file, scaled in a second process, read back in a third: as it is commonly done."""
        await self.run("scrot", "--overwrite", "--pointer", "usual.png")
        await self.run("convert", "usual.png", "-resize", f"{size}!", "scaled.png")
        return await self.run("cat", "scaled.png")

    async def click(self, x: int, y: int) -> None:
        """Move and click."""
        await self.run("xdotool", "mousemove", str(x), str(y), "click", "1")

    async def type(self, text: str) -> None:
        """In pieces of fifty characters, twelve milliseconds apart."""
        for start in range(0, len(text), 50):
            await self.run("xdotool", "type", "--delay", "12", "--", text[start : start + 50])
