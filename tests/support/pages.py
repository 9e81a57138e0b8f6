"""Pages of the documentation as data: their examples, and what their tables say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """An example in a page: the heading it stands under, how many lines come before it, its text."""

    page: Path
    section: str
    line: int
    text: str

    def execute(self, names: dict[str, object]) -> None:
        """Run it as Python with these names, which get its own; a traceback tells the line of the page."""
        exec(compile("\n" * self.line + self.text, self.page, "exec"), names)  # noqa: S102 - an example of our own


def blocks(page: Path, language: str) -> list[Block]:
    """The fenced examples in one language, in order."""
    text = page.read_text()
    return [
        Block(page, _section(text[: fence.start()]), text.count("\n", 0, fence.start(2)), fence[2])
        for fence in _FENCE.finditer(text)
        if fence[1] == language
    ]


def table(page: Path, section: str) -> list[list[str]]:
    """The cells of the rows of a section's table, without its head."""
    _, _, rest = page.read_text().partition(f"\n## {section}\n")
    rows = list(_rows(_HEADING.split(rest)[0]))
    return rows[2:]


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def _section(before: str) -> str:
    headings: list[str] = _HEADING.findall(before)
    return headings[-1] if headings else ""
