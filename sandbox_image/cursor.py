"""The pointer as it looks. The X server lays it over the screen by itself, so that no capture holds it."""

from __future__ import annotations

import struct
from typing import NamedTuple

from PIL import Image, ImageChops

from sandbox_image.display import Connection
from sandbox_image.screen import Frame


class Cursor(NamedTuple):
    """The pointer's picture, its colours multiplied by its opacity, and the screen pixel of its upper left corner."""

    image: Image.Image  # RGBA
    left: int
    top: int


def cursor(x: Connection) -> Cursor:
    """The pointer as the screen shows it at this moment."""
    told = x.x.xfixes_get_cursor_image(x.root)
    pixels = struct.pack(f"<{len(told.cursor_image)}I", *told.cursor_image)
    image = Image.frombytes("RGBA", (told.width, told.height), pixels, "raw", "BGRA")
    return Cursor(image, told.x - told.xhot, told.y - told.yhot)


def drawn(frame: Frame, pointer: Cursor) -> Frame:
    """A copy of the frame with the pointer in it, as far as it reaches into the frame."""
    left, top = pointer.left - frame.region.x, pointer.top - frame.region.y
    box = (left, top, left + pointer.image.width, top + pointer.image.height)
    *colours, opacity = pointer.image.split()
    under = frame.image.crop(box)  # what lies beyond the frame is black here, and is not pasted back
    shining = ImageChops.multiply(under, Image.merge("RGB", [ImageChops.invert(opacity)] * 3))
    image = frame.image.copy()
    image.paste(ImageChops.add(shining, Image.merge("RGB", colours)), (left, top))
    return Frame(image, frame.region)
