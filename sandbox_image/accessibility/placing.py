"""Which windows cannot be seen yet: a program tells of a new one before the window manager has given it its place.

Until then the program tells places as if the window were at the corner of the screen.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError, DisplayError, XError
from Xlib.protocol import request

LOST = (ConnectionClosedError, DisplayError, OSError)


class Place(NamedTuple):
    """Where a window is on the screen."""

    x: int
    y: int
    width: int
    height: int


def unseen() -> set[Place]:
    """Where the windows are that are there and not shown, or the frames around them."""
    for _ in range(2):
        try:
            return _unseen(_display())
        except LOST:
            _display.cache_clear()
    return set()  # without an X server there are no windows


@cache
def _display() -> Display:
    return Display()


def _unseen(x: Display) -> set[Place]:
    to = {"display": x.display, "defer": True}
    asked = [
        (request.GetWindowAttributes(window=window.id, **to), request.GetGeometry(drawable=window.id, **to))
        for window in x.screen().root.query_tree().children
    ]
    found = set()
    for attributes, place in asked:
        try:
            attributes.reply()
            place.reply()
        except XError:
            continue  # gone since
        if attributes.map_state != X.IsViewable and not attributes.override_redirect:
            found.add(Place(place.x, place.y, place.width, place.height))
    return found
