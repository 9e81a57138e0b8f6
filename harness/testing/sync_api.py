"""The desktop in memory for tests of blocking code: `with fake_desktop(apps=...) as desktop:`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import ParamSpec

from harness import sync_api, testing
from harness.portal import Portal, shared

__all__ = ["FakeDesktop", "fake_desktop"]

P = ParamSpec("P")


class FakeDesktop(sync_api.Desktop):
    """The blocking Desktop at an in-memory screen; `guest` is the screen's state, for tests to look at and change."""

    def __init__(self, portal: Portal, desktop: testing.FakeDesktop) -> None:
        super().__init__(portal, desktop)
        self.guest = desktop.guest


def _opened(make: Callable[P, testing.FakeDesktop]) -> Callable[P, AbstractContextManager[FakeDesktop]]:
    @wraps(make)
    @contextmanager
    def opened(*args: P.args, **kwargs: P.kwargs) -> Iterator[FakeDesktop]:
        with shared() as portal:
            yield FakeDesktop(portal, make(*args, **kwargs))

    return opened


fake_desktop = _opened(testing.FakeDesktop)
"""As the constructor of `harness.testing.FakeDesktop`, with a `with` around it."""
