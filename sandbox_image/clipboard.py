"""The clipboard: what is put into it is offered from here, what a program put into it is asked of that program."""

from __future__ import annotations

from typing import assert_never

from sandbox_image.lane import Desk
from sandbox_image.offers import HTML, IMAGE, TEXT, TEXTS, Offer, canonical
from sandbox_image.wire import PNG, ClipboardAction, ClipboardRead, Done, ReadClipboard, SetClipboard

CLIPBOARD = "CLIPBOARD"
BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Beginnings of a text in another encoding than UTF-8, in which some programs give HTML."""


def do(desk: Desk, action: ClipboardAction) -> Done | ClipboardRead:
    """One action of this room."""
    match action:
        case SetClipboard():
            return set_clipboard(desk, action)
        case ReadClipboard():
            return read_clipboard(desk, action)
        case _:
            assert_never(action)


def set_clipboard(desk: Desk, action: SetClipboard) -> Done:
    """Offer the content in all its forms, until another program takes the clipboard."""
    forms = {TEXT: action.text, HTML: action.html}
    content = {name: text.encode() for name, text in forms.items() if text is not None}
    if action.image is not None:
        content[IMAGE] = action.image
    with desk.selections.held():
        desk.selections.own({CLIPBOARD: Offer(content)})
    return Done()


def read_clipboard(desk: Desk, action: ReadClipboard) -> ClipboardRead:
    """One form of the content. Raises Refused: BLOCKED where its owner does not answer, OVERSIZED."""
    wanted = {"text": TEXTS, "html": (HTML,), "image": (IMAGE,)}[action.form]
    with desk.selections.held():
        targets = tuple(desk.selections.targets(CLIPBOARD))
        target = next((name for name in wanted if name in targets), None)
        data = desk.selections.read(CLIPBOARD, target) if target else None
    if target is None or data is None:
        return ClipboardRead(targets=targets)
    match action.form:
        case "text":
            return ClipboardRead(targets=targets, text=canonical(target, data)[1].decode())
        case "html":
            return ClipboardRead(targets=targets, html=_decoded(data))
        case "image":
            return ClipboardRead(targets=targets, image=data if data.startswith(PNG) else None)


def _decoded(html: bytes) -> str:
    return html.decode(BOMS.get(html[:2], "utf-8"), errors="replace").lstrip("\ufeff").rstrip("\0")
