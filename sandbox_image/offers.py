"""What a selection can give: contents by target, under the names that programs ask for. Pure: knows no X server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Content: TypeAlias = Mapping[str, bytes]
"""What a selection holds, by target; text is UTF-8 under `TEXT`, whatever other names it goes by."""

TEXT, LATIN, HTML, IMAGE = "UTF8_STRING", "STRING", "text/html", "image/png"
TEXTS = (TEXT, "text/plain;charset=utf-8", "text/plain", "TEXT", LATIN)
"""Names of text, the most exact first."""
KEPT = (HTML, IMAGE, "text/uri-list", "x-special/gnome-copied-files")
"""What is kept of a foreign selection besides text. Others are private to programs, or these in other formats."""


@dataclass(eq=False)
class Offer:
    """What is given to who asks; to the programs of one X client only where one is named, so that no other sees it."""

    content: Content
    client: int | None = None
    asked: bool = False  # a content was asked for and sent
    taken: bool = False  # one was fetched to its end
    broken: bool = False  # the window that asked went away before that

    def forms(self) -> dict[str, tuple[str, bytes]]:
        """The type and the bytes for each target that is offered."""
        forms = {name: (name, data) for name, data in self.content.items() if name != TEXT}
        if TEXT in self.content:
            text = self.content[TEXT]
            forms |= {name: (TEXT if name == "TEXT" else name, text) for name in TEXTS if name != LATIN}
            latin = text.decode().encode("latin-1", errors="ignore")
            if latin.decode("latin-1").encode() == text:
                forms[LATIN] = LATIN, latin
        return forms


def wanted(targets: list[str]) -> list[str]:
    """Which of the targets that a foreign owner offers hold its content: the best text, and what else is kept."""
    texts = [name for name in TEXTS if name in targets]
    return texts[:1] + [name for name in KEPT if name in targets]


def canonical(target: str, data: bytes) -> tuple[str, bytes]:
    """A foreign content under the name that it has here, text in UTF-8."""
    if target == LATIN:
        return TEXT, data.decode("latin-1").encode()
    return (TEXT, data.decode(errors="replace").encode()) if target in TEXTS else (target, data)
