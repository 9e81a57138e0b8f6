"""Looking at the screen."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import WireMismatch
from harness.geometry import Viewport, zoomed
from harness.sandbox.desktop.requests import SETTLE, Area, Extent, Requests, area, extent, sendable
from sandbox_image.wire import (
    Action,
    Effect,
    Picture,
    PictureFormat,
    PictureInfo,
    Result,
    Settle,
    Size,
)

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of the screen, encoded, and how it relates to the screen."""

    data: bytes
    format: PictureFormat
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


@dataclass(frozen=True, slots=True)
class Change:
    """What actions did to the screen, and the picture of it: of the box that changed, None where nothing did."""

    effect: Effect
    results: tuple[Result, ...]
    picture: Screenshot | None


class Eyes(Requests):
    """What can be seen."""

    async def screenshot(
        self,
        region: Area | None = None,
        *,
        size: Extent | None = None,
        format: Literal["auto"] | PictureFormat = "auto",  # noqa: A002 - the word every picture library uses
        quality: int = 80,
        lossless: bool = False,
        pointer: bool = False,
        settle: Settle | None = None,
    ) -> Screenshot:
        """A picture of the screen or of a region of it, scaled to exactly `size` where one is given.

        `region` is in screen pixels, `size` in those of the picture. `auto` is PNG, or JPEG where the PNG would be
        large. `quality`, 1 to 95, is that of JPEG, and of WebP unless it is `lossless`. `pointer` draws the mouse
        pointer in, which no picture holds otherwise. With `settle`, first wait for the screen to be still. Raises
        NotOnScreen for a region that is not wholly on the screen; UsageError.
        """
        with sendable():
            picture = Picture(
                region=area(region),
                size=extent(size),
                format=format,
                quality=quality,
                lossless=lossless,
                pointer=pointer,
            )
        reply, data = await self.perform(settle=settle, picture=picture)
        if reply.picture is None:
            raise WireMismatch("a picture was asked for and none came back")
        return screenshot(reply.picture, data)

    async def zoom(
        self,
        region: Area,
        *,
        size: Extent | None = None,
        format: Literal["auto"] | PictureFormat = "auto",  # noqa: A002 - the same
        pointer: bool = False,
    ) -> Screenshot:
        """A region of the screen from its own pixels, however small pictures of the whole screen are.

        As large as it is on the screen, or enlarged or reduced to the largest size of its shape that fits `size`.
        `Screenshot.viewport` leads from the picture back to the screen. Raises NotOnScreen.
        """
        with sendable():
            shown = zoomed(area(region).size, extent(size)) if size else None
        return await self.screenshot(region, size=shown, format=format, pointer=pointer)

    async def changes(
        self,
        *actions: Action,
        region: Area | None = None,
        format: Literal["auto"] | PictureFormat = "auto",  # noqa: A002 - the same
        settle: Settle = SETTLE,
    ) -> Change:
        """Do the actions, wait for the screen, and show only what they changed, or what of it lies in the region.

        The picture is in native pixels, of the smallest box that holds every changed pixel; there is none where
        nothing changed. What changed between two requests is not told: it is for a screenshot or live frames. Raises
        NotOnScreen, and what the actions raise.
        """
        with sendable():
            picture = Picture(region=area(region), format=format, only_changes=True)
        reply, data = await self.perform(*actions, settle=settle, picture=picture)
        if reply.effect is None:
            raise WireMismatch("the effect on the screen was asked for and none came back")
        return Change(reply.effect, reply.results, screenshot(reply.picture, data) if reply.picture else None)


def screenshot(info: PictureInfo, data: bytes) -> Screenshot:
    """A picture as it came, with its place on the screen."""
    return Screenshot(data=data, format=info.format, viewport=Viewport(region=info.region, shown=info.size))


def describe(effect: Effect, view: Viewport | None = None) -> str:
    """An effect in words, for a person or a model: in pixels of the screen, or of the picture that shows it so."""
    work = "; programs are still at work" if effect.busy else ""
    if not effect.changed or effect.box is None:
        return f"nothing changed on the screen (waited {effect.waited_ms:.0f} ms){work}"
    box = view.to_model_box(effect.box) if view else effect.box
    share = f"{effect.share:.0%}" if effect.share >= 0.01 else "less than 1%"  # noqa: PLR2004 - what the text says
    end = "is still" if effect.still else f"was still changing after {effect.waited_ms:.0f} ms"
    return f"changed {share} of the screen, in {box.width}x{box.height} at ({box.x}, {box.y}); the screen {end}{work}"
