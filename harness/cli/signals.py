"""Signals that end a command: heeded in the event loop, so that what was begun is ended in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heeding(act: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `act` with each signal that comes meanwhile; those that the caller ignores stay ignored, as nohup wants."""
    loop = asyncio.get_running_loop()
    handlers = {one: signal.getsignal(one) for one in ENDING}
    heeded = [one for one, handler in handlers.items() if handler is not signal.SIG_IGN]
    for one in heeded:
        loop.add_signal_handler(one, act, one)
    try:
        yield
    finally:
        for one in heeded:
            loop.remove_signal_handler(one)
            signal.signal(one, handlers[one])
