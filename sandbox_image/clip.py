"""Bounded output: the first half as it comes, the last half at the end, a line between them that says what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTINUATION = range(0x80, 0xC0)
_LONGEST_TAIL = 3  # continuation bytes of one UTF-8 character


class Tail:
    """The last `limit` bytes of a stream, and how many went before them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self.omitted = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Add to the stream."""
        self._kept += data
        if len(self._kept) > 2 * self._limit:  # rarely, so that a byte is moved once on average
            self._trim()

    def omit(self, count: int) -> None:
        """So many bytes are gone, and all before them."""
        self.omitted += len(self._kept) + count
        self._kept.clear()

    def take(self) -> bytes:
        """What is kept, beginning with a whole character where something was left out. Empties the tail."""
        self._trim()
        start = 0
        while self.omitted and start < min(_LONGEST_TAIL, len(self._kept)) and self._kept[start] in _CONTINUATION:
            start += 1
        self.omitted += start
        kept, self._kept = bytes(self._kept[start:]), bytearray()
        return kept

    def _trim(self) -> None:
        excess = max(0, len(self._kept) - self._limit)
        del self._kept[:excess]
        self.omitted += excess


class Clip:
    """Passes the first half of `limit` bytes to `emit` at once and the last half when it is closed."""

    def __init__(self, limit: int, emit: Callable[[bytes], None]) -> None:
        self._room = limit // 2
        self._tail = Tail(limit - self._room)
        self._emit = emit

    def feed(self, data: bytes) -> None:
        """Some output."""
        head = min(self._room, len(data))
        if head < len(data):
            head = _whole(data, head)
            self._room = 0  # and it stays full, even where a character did not fit
        else:
            self._room -= head
        if head:
            self._emit(data[:head])
        self._tail.feed(memoryview(data)[head:])

    def skip(self, count: int) -> None:
        """So many bytes of output are gone, with all that was fed since the first half."""
        self._room = 0
        self._tail.omit(count)

    def close(self) -> int:
        """Pass on the rest; how many bytes were left out."""
        kept = self._tail.take()
        omitted = self._tail.omitted
        if omitted:
            self._emit(notice(omitted))
        if kept:
            self._emit(kept)
        return omitted


def notice(omitted: int) -> bytes:
    """The line that stands where something was left out."""
    return f"\n[... {omitted} bytes of output left out ...]\n".encode()


def _whole(data: bytes, end: int) -> int:
    """The last place at or before `end` that does not cut a UTF-8 character in two, if there is one close by."""
    for back in range(min(_LONGEST_TAIL, end) + 1):
        if data[end - back] not in _CONTINUATION:
            return end - back
    return end
