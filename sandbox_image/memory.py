"""The memory of pictures: kept from one to the next, given back when nobody asks for more.

A picture takes some three times the screen's pixels for a few milliseconds. Where that is returned to the kernel each
time, getting it anew, cleared page by page, takes longer than making the picture; kept for ever, it would be a sixth
of an idle desktop.
"""

from __future__ import annotations

import asyncio
from ctypes import CDLL

IDLE_S = 4.0
"""Without a picture for so long, memory is given back."""
LARGE = 32 << 20
"""Bytes of one frame that are still kept; glibc keeps no larger ones."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_libc = CDLL(None)


class Memory:
    """What malloc keeps for the next picture."""

    def __init__(self) -> None:
        _libc.mallopt(_TRIM_THRESHOLD, 4 * LARGE)
        _libc.mallopt(_MMAP_THRESHOLD, LARGE)
        _libc.mallopt(_ARENA_MAX, 1)  # one store for all threads, which take pictures in turn
        self._idle: asyncio.TimerHandle | None = None

    def used(self) -> None:
        """A picture was made, or may have been."""
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, _libc.malloc_trim, 0)
