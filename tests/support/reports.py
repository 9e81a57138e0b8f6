"""A report as a browser reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path


class Links(HTMLParser):
    """Everything a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links |= {value for name in ("src", "href") if (value := given.get(name))}


def links(text: str) -> Links:
    """What a page refers to."""
    page = Links()
    page.feed(text)
    return page


def check_stands_alone(report: Path) -> None:
    """Assert that all a page refers to lies in it or beside it, and that nothing is fetched."""
    text = report.read_text()
    page = links(text)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (report.parent / link.replace("%20", " ")).is_file(), link
    assert any(link.startswith("frames/") for link in page.links)
    assert page.tags.count("script") == 1
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|serviceWorker|@import|<link", text)
    assert "prefers-color-scheme: dark" in text
