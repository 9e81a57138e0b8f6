"""Pictures of the fake screen, and what differs between two of them."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageDraw

from sandbox_image.wire import Effect, Picture, PictureFormat, PictureInfo, Region, ScreenPoint, Settle

_ARROW = ((0, 0), (0, 14), (4, 11), (10, 10))


def photograph(
    frame: Image.Image, wanted: Picture, pointer: ScreenPoint, effect: Effect | None
) -> tuple[PictureInfo, bytes] | None:
    """Crop, scale and encode, as the picture asks; None where only changes are wanted and there are none."""
    region = wanted.region or Region(x=0, y=0, width=frame.width, height=frame.height)
    if wanted.only_changes:
        changed = effect.box.clipped(region) if effect and effect.box else None
        if changed is None:
            return None
        region = changed
    size = wanted.size or region.size
    shot = crop(with_pointer(frame, pointer) if wanted.pointer else frame, region)
    if size != region.size:
        shot = shot.resize((size.width, size.height), Image.Resampling.LANCZOS)
    kind: PictureFormat = "png" if wanted.format == "auto" else wanted.format
    data = _encoded(shot, kind, wanted)
    if wanted.format == "auto" and len(data) > wanted.png_limit:
        kind, data = "jpeg", _encoded(shot, "jpeg", wanted)
    return PictureInfo(region=region, size=size, format=kind, length=len(data)), data


def compare(before: Image.Image, after: Image.Image, settle: Settle) -> Effect:
    """What changed from one frame to the other; the fake screen is always still at once."""
    red, green, blue = ImageChops.difference(before, after).split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    box = strongest.getbbox()
    if box is None:
        return Effect(changed=False, box=None, share=0.0, still=True, waited_ms=settle.first_ms)
    left, top, right, bottom = box
    total = before.width * before.height
    return Effect(
        changed=True,
        box=Region(x=left, y=top, width=right - left, height=bottom - top),
        share=(total - strongest.histogram()[0]) / total,
        still=True,
        waited_ms=settle.quiet_ms,
    )


def crop(frame: Image.Image, region: Region) -> Image.Image:
    """A region of the whole screen."""
    return frame.crop((region.x, region.y, region.x + region.width, region.y + region.height))


def moved(box: Region, region: Region) -> Region:
    """A box of a region's picture in pixels of the screen."""
    return box.model_copy(update={"x": box.x + region.x, "y": box.y + region.y})


def with_pointer(frame: Image.Image, at: ScreenPoint) -> Image.Image:
    """A copy of the frame with an arrow at a place."""
    shown = frame.copy()
    ImageDraw.Draw(shown).polygon([(at.x + x, at.y + y) for x, y in _ARROW], fill="#000000", outline="#ffffff")
    return shown


def _encoded(shot: Image.Image, kind: PictureFormat, wanted: Picture) -> bytes:
    out = io.BytesIO()
    match kind:
        case "png":
            shot.save(out, "PNG")
        case "jpeg":
            shot.save(out, "JPEG", quality=wanted.quality)
        case "webp":
            shot.save(out, "WEBP", quality=wanted.quality, lossless=wanted.lossless)
    return out.getvalue()
