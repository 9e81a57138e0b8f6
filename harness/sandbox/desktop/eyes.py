"""Looking at the screen."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import WireMismatch
from harness.geometry import Viewport
from harness.sandbox.desktop.requests import Requests, sendable
from sandbox_image.wire import (
    Effect,
    Picture,
    ReadText,
    Region,
    Settle,
    Size,
    TextRead,
    Word,
)

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of the screen, encoded, and how it relates to the screen."""

    data: bytes
    format: Literal["png", "jpeg"]
    viewport: Viewport

    @property
    def size(self) -> Size:
        """Width and height of the picture in its own pixels."""
        return self.viewport.shown

    def image(self) -> Image:
        """The picture decoded, in RGB."""
        from PIL import Image  # noqa: PLC0415 - whoever only sends a picture on never decodes it

        return Image.open(io.BytesIO(self.data)).convert("RGB")

    def save(self, path: Path | str) -> None:
        """Write the encoded bytes as they are, whatever the path ends in."""
        Path(path).write_bytes(self.data)


class Eyes(Requests):
    """What can be seen."""

    async def screenshot(
        self,
        *,
        region: Region | None = None,
        size: Size | None = None,
        format: Literal["auto", "png", "jpeg"] = "auto",  # noqa: A002 - the word every picture library uses
        settle: Settle | None = None,
    ) -> Screenshot:
        """A picture of the screen or of a region of it, scaled to exactly `size` where one is given.

        `auto` is PNG, or JPEG where the PNG would be large. With `settle`, first wait for the screen to be still.
        """
        with sendable():
            picture = Picture(region=region, size=size, format=format)
        reply, data = await self.perform(settle=settle, picture=picture)
        if reply.picture is None:
            raise WireMismatch("a picture was asked for and none came back")
        viewport = Viewport(region=reply.picture.region, shown=reply.picture.size)
        return Screenshot(data=data, format=reply.picture.format, viewport=viewport)

    async def read_text(self, region: Region | None = None) -> tuple[Word, ...]:
        """The words on the screen, or in a region of it, by OCR, in reading order; boxes in screen pixels."""
        return (await self._one(ReadText(region=region), TextRead)).words


def describe(effect: Effect) -> str:
    """An effect in words, for a person or a model."""
    if not effect.changed or effect.box is None:
        return f"nothing changed on the screen (waited {effect.waited_ms:.0f} ms)"
    box = effect.box
    share = f"{effect.share:.0%}" if effect.share >= 0.01 else "less than 1%"  # noqa: PLR2004 - what the text says
    end = "is still" if effect.still else f"was still changing after {effect.waited_ms:.0f} ms"
    return f"changed {share} of the screen, in {box.width}x{box.height} at ({box.x}, {box.y}); the screen {end}"
