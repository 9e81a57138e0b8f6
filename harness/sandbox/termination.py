"""SIGTERM or SIGHUP while a sandbox is open: the sandbox goes first, then the process ends as it would have without us.

Only where nobody else has a say: in the main thread, and for those of the two that still have their default action.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Watch:
    """The tasks that have a sandbox open, the signals that are handled meanwhile, and the one that came."""

    def __init__(self, signals: list[signal.Signals]) -> None:
        self.tasks: list[asyncio.Task[object]] = []
        self.signals = signals
        self.came: signal.Signals | None = None

    def cancel(self, number: signal.Signals) -> None:
        self.came = number
        for task in self.tasks:
            task.cancel(number.name)


_watches: dict[asyncio.AbstractEventLoop, _Watch] = {}


@contextmanager
def orderly_termination() -> Iterator[None]:
    """Turn a signal into a cancellation of this task for the block; it takes effect when the last one ended."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None or not (loop in _watches or _free_to_handle()):
        yield
        return
    if (watch := _watches.get(loop)) is None:
        watch = _watches[loop] = _Watch(_free_to_handle())
        for number in watch.signals:
            loop.add_signal_handler(number, watch.cancel, number)
    watch.tasks.append(task)
    try:
        yield
    finally:
        watch.tasks.remove(task)
        if not watch.tasks:
            del _watches[loop]
            for number in watch.signals:
                loop.remove_signal_handler(number)
            if watch.came:
                os.kill(os.getpid(), watch.came)


@contextmanager
def termination_exits() -> Iterator[None]:
    """For code that blocks: a signal raises SystemExit in the block; it takes effect when the block has ended."""
    came: list[int] = []

    def leave(number: int, _: object) -> None:
        if not came:  # what is under way already is not to be disturbed
            came.append(number)
            raise SystemExit(128 + number)

    signals = _free_to_handle()
    for number in signals:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        if came:
            os.kill(os.getpid(), came[0])


def _free_to_handle() -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    return [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
