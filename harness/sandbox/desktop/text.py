"""A text file in an editor's hands: lines with numbers, one exact change at a time. Pure; knows no desktop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.errors import EditFailed

_MARK = "\ufeff"  # of byte order
_AROUND = 4  # lines shown before and after a change
_TOLD = 10  # places named in a message


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text with plain line ends, and what else it takes to write the same bytes again."""

    body: str
    crlf: bool = False  # every line ended with a carriage return as well
    mark: bool = False  # it began with a byte order mark

    @property
    def lines(self) -> list[str]:
        """The lines without their ends; a line that ends the file without one counts."""
        lines = self.body.split("\n")
        return lines if lines[-1] else lines[:-1]

    def numbered(self, first: int, last: int) -> list[str]:
        """Lines `first` to `last`, both counted, each after its number."""
        return [f"{number:6}\t{line}" for number, line in enumerate(self.lines[first - 1 : last], first)]

    def around(self, line: int, count: int) -> str:
        """So many changed lines from `line` on, with what is around them."""
        return "\n".join(self.numbered(max(1, line - _AROUND), line + count - 1 + _AROUND))

    def replaced(self, old: str, new: str) -> tuple[Text, int]:
        """With the one place where `old` stands as `new`, and the line where that begins."""
        old, new = self._fitting(old), self._fitting(new)
        if not old:
            raise EditFailed("the text to replace is empty; name the text, or insert after a line")
        places = list(_places(self.body, old))
        match places:
            case []:
                raise EditFailed("the text to replace is not in the file exactly so, spaces and all; view the file")
            case [place]:
                body = self.body[:place] + new + self.body[place + len(old) :]
                return replace(self, body=body), self._line(place)
        lines = ", ".join(str(self._line(place)) for place in places[:_TOLD])
        more = "" if len(places) <= _TOLD else " and more"
        raise EditFailed(
            f"the text to replace is there {len(places)} times, beginning at lines {lines}{more}; "
            f"give more of what is around the one that is meant"
        )

    def inserted(self, line: int, text: str) -> tuple[Text, int]:
        """With `text` as lines of its own after `line`, 0 for the beginning, and how many lines it has."""
        lines = self.lines
        if not 0 <= line <= len(lines):
            raise EditFailed(f"there is no line {line} to insert after: 0 is the beginning, {len(lines)} the end")
        text = self._fitting(text)
        added = text.removesuffix("\n").split("\n")
        ended = not lines or self.body.endswith("\n") or (line == len(lines) and text.endswith("\n"))
        body = "\n".join(lines[:line] + added + lines[line:]) + ("\n" if ended else "")
        return replace(self, body=body), len(added)

    def encoded(self) -> bytes:
        """As it was, but for the change."""
        body = self.body.replace("\n", "\r\n") if self.crlf else self.body
        try:
            return f"{_MARK if self.mark else ''}{body}".encode()
        except UnicodeEncodeError as error:
            raise EditFailed(f"the new text has half a character, {body[error.start]!r}; leave it out") from None

    def _fitting(self, text: str) -> str:
        return text.replace("\r\n", "\n") if self.crlf else text

    def _line(self, place: int) -> int:
        return self.body.count("\n", 0, place) + 1


def decoded(data: bytes, path: str) -> Text:
    """A file's bytes as text. Raises EditFailed for what would not come back as it was."""
    if b"\0" in data:
        raise EditFailed(f"{path} is no text: there is a NUL byte at {data.index(0)}; use the shell for binary files")
    try:
        body = data.decode()
    except UnicodeDecodeError as error:
        raise EditFailed(
            f"{path} is no UTF-8: byte {data[error.start]:#04x} at {error.start}; convert it with iconv in the shell, "
            f"or edit it there"
        ) from None
    ends = body.count("\n")
    crlf = ends > 0 and body.count("\r\n") == ends
    plain = body.removeprefix(_MARK)
    return Text(plain.replace("\r\n", "\n") if crlf else plain, crlf, mark=plain != body)


def _places(body: str, wanted: str) -> Iterator[int]:
    """Where it begins, also within another one."""
    place = body.find(wanted)
    while place >= 0:
        yield place
        place = body.find(wanted, place + 1)
