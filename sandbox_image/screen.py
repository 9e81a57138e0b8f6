"""Pictures of the screen: grab through mss, crop, scale, encode; and what differs between two of them.

A frame is grabbed once; PNG is made from mss's buffer as it is, anything else from a Pillow image. PNG comes from fpng,
which is ten times faster than zlib; where that grows past the limit the screen is a photograph, and JPEG takes a tenth.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import time
from contextlib import suppress
from ctypes import byref

import fpng
import mss
from mss.exception import ScreenShotError
from mss.linux.xcbhelpers import LIB
from PIL import Image, ImageChops

from sandbox_image.settle import Box
from sandbox_image.wire import Effect, ErrorCode, Picture, PictureFormat, PictureInfo, Refused, Region, Size

STRIPS, ROWS, SURELY = 4, 4, 2
"""How many strips, of how many rows, tell the size of a PNG, and how far beyond a limit one surely passes it."""
KEEP_COLOUR = 0
"""JPEG without chroma subsampling: coloured text stays legible, for a quarter more bytes."""
LOST = (ScreenShotError, OSError, AssertionError)
"""What mss raises without an X server; the last one where it goes while a reply is waited for."""
CLOSED = -1
FROM_X = "RGBX"
"""The mode that holds four bytes a pixel where they lie; X gives blue, green, red and one without meaning."""
WEBP_EFFORT, WEBP_LOSSLESS_EFFORT = 1, 0
"""What WebP is fastest at, lossless as fast as JPEG; more effort takes many times as long for a few bytes less."""


class Frame:
    """Pixels of a region of the screen at one moment: an image, or what X gives until somebody needs an image."""

    def __init__(self, pixels: Image.Image | bytearray, region: Region) -> None:
        self.region = region
        self._pixels = pixels

    @property
    def image(self) -> Image.Image:
        """The pixels as an image in RGB."""
        if isinstance(self._pixels, bytearray):
            size = (self.region.width, self.region.height)
            self._pixels = Image.frombuffer("RGB", size, self._pixels, "raw", "BGRX", 0, 1)
        return self._pixels

    @property
    def view(self) -> Image.Image:
        """The pixels where they lie, not copied: in RGB, or as X gives them, with blue in the place of red."""
        if isinstance(self._pixels, bytearray):
            size = (self.region.width, self.region.height)
            return Image.frombuffer(FROM_X, size, self._pixels, "raw", FROM_X, 0, 1)
        return self._pixels


class Screen:
    """The capture of one display. Used by one thread."""

    def __init__(self, display: str) -> None:
        self.lost = False
        try:
            self._mss = mss.MSS(display=display)
        except LOST as failure:
            raise _capture_lost(failure) from None
        connection = self._mss._impl.conn  # type: ignore[attr-defined] # noqa: SLF001 - mss has no time limit to set
        self._line = socket.socket(fileno=os.dup(LIB.xcb.xcb_get_file_descriptor(byref(connection))))
        whole = self._mss.monitors[0]
        self.size = Size(width=whole["width"], height=whole["height"])

    def grab(self, region: Region | None = None) -> Frame:
        """The screen's pixels now. Raises Refused: OFF_SCREEN for a region not on it, DISPLAY_LOST."""
        where = self.region(region)
        try:
            shot = self._mss.grab((where.x, where.y, where.x + where.width, where.y + where.height))
        except LOST as failure:
            self.close()
            raise _capture_lost(failure) from None
        return Frame(shot.raw, where)

    def region(self, region: Region | None) -> Region:
        """The region, checked to be on the screen; the whole screen where none is given."""
        width, height = self.size.width, self.size.height
        if region is None:
            return Region(x=0, y=0, width=width, height=height)
        if region.x < 0 or region.y < 0 or region.x + region.width > width or region.y + region.height > height:
            raise Refused(
                ErrorCode.OFF_SCREEN,
                f"the region {region.width}x{region.height} at ({region.x}, {region.y}) is not on the screen: "
                f"x goes from 0 to {width - 1}, y from 0 to {height - 1}; choose a region inside",
            )
        return region

    def cut(self) -> None:
        """Break the connection, from any thread: a grab that waits for the server ends with an error."""
        self.lost = True
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back, once."""
        self.lost = True
        if self._line.fileno() != CLOSED:
            self._line.close()
            with suppress(*LOST):
                self._mss.close()


def cropped(frame: Frame, region: Region) -> Frame:
    """A part of a frame, both in screen pixels. The region must lie within the frame's."""
    left, top = region.x - frame.region.x, region.y - frame.region.y
    box = (left, top, left + region.width, top + region.height)
    return frame if region == frame.region else Frame(frame.image.crop(box), region)


def encoded(frame: Frame, picture: Picture) -> tuple[PictureInfo, bytes]:
    """A frame in the size and format that were asked for."""
    size = picture.size or Size(width=frame.region.width, height=frame.region.height)
    if (size.width, size.height) != (frame.region.width, frame.region.height):
        shown = Frame(scaled(frame.image, size), frame.region)
    else:
        shown = frame
    kind, data = _encode(shown, picture)
    return PictureInfo(region=frame.region, size=size, format=kind, length=len(data)), data


def scaled(image: Image.Image, size: Size) -> Image.Image:
    """The image at exactly this size. Whole factors are averaged, which is fastest; others filtered.

    Hamming's filter keeps small text as legible as the bicubic one, at half its time.
    """
    across, down = image.width // size.width, image.height // size.height
    if (across * size.width, down * size.height) == image.size:
        return image.reduce((across, down))
    smaller = size.width <= image.width and size.height <= image.height
    how = Image.Resampling.HAMMING if smaller else Image.Resampling.BICUBIC
    return image.resize((size.width, size.height), how)


def token(frame: Frame) -> str:
    """What stands for a frame's pixels: equal for equal ones of one region, and for no others."""
    digest = hashlib.sha256(repr(frame.region).encode())
    digest.update(frame.image.tobytes())
    return digest.hexdigest()


def difference(before: Image.Image, after: Image.Image) -> tuple[Box | None, float]:
    """The smallest box that holds every pixel that differs, and the share of pixels that do."""
    if before.size != after.size:  # another X server, or another mode
        return Box(0, 0, *after.size), 1.0
    differing = ImageChops.difference(before, after)
    corners = differing.getbbox()
    if corners is None:
        return None, 0.0
    red, green, blue = differing.crop(corners).split()
    same: int = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[0]
    box = Box(*corners)
    return box, (box.area - same) / (after.width * after.height)


def effect(before: Frame, after: Frame, *, still: bool, since: float, busy: bool = False) -> Effect:
    """What became of the screen between two frames of one region of it; `since` is monotonic seconds."""
    box, share = difference(before.image, after.image)
    where = box and Region(
        x=after.region.x + box.left,
        y=after.region.y + box.top,
        width=box.right - box.left,
        height=box.bottom - box.top,
    )
    waited = (time.monotonic() - since) * 1000
    return Effect(changed=box is not None, box=where, share=share, still=still, busy=busy, waited_ms=waited)


def _encode(frame: Frame, picture: Picture) -> tuple[PictureFormat, bytes]:
    if picture.format == "jpeg":
        return "jpeg", _jpeg(frame.image, picture.quality)
    if picture.format == "webp":
        return "webp", _webp(frame.image, picture)
    view = frame.view
    if picture.format == "auto" and _promised(view) > SURELY * picture.png_limit:
        return "jpeg", _jpeg(frame.image, picture.quality)
    data = _png(view)
    if picture.format == "auto" and len(data) > picture.png_limit:
        return "jpeg", _jpeg(frame.image, picture.quality)
    return "png", data


def _promised(view: Image.Image) -> float:
    """Bytes that a PNG would have, by a few strips of it: of a photograph it takes as long as the JPEG, for nothing."""
    apart = -(-view.height // STRIPS)
    boxes = [(0, top, view.width, min(top + ROWS, view.height)) for top in range(apart // 2, view.height, apart)]
    rows = sum(bottom - top for _, top, _, bottom in boxes)
    return sum(len(_png(view.crop(box))) for box in boxes) * view.height / rows


def _png(view: Image.Image) -> bytes:
    pixels = view.tobytes("raw", "BGR" if view.mode == FROM_X else "RGB")
    data: bytes = fpng.from_bytes(pixels, view.width, view.height, 3)
    return data


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=KEEP_COLOUR)
    return out.getvalue()


def _webp(image: Image.Image, picture: Picture) -> bytes:
    out = io.BytesIO()
    method = WEBP_LOSSLESS_EFFORT if picture.lossless else WEBP_EFFORT
    image.save(out, "WEBP", lossless=picture.lossless, quality=picture.quality, method=method)
    return out.getvalue()


def _capture_lost(failure: Exception) -> Refused:
    return Refused(ErrorCode.DISPLAY_LOST, f"the screen could not be captured ({failure}); try again")
