"""Images with applications, for tests that need them."""

from __future__ import annotations

from contextlib import closing

from harness.sandbox import image
from harness.sandbox.connection import connect
from harness.sandbox.image.builder import SILENCE_SECONDS


def having(*apps: str) -> tuple[str, ...]:
    """These applications, once there is an image with them: built the first time, and kept for the next."""
    with closing(connect(timeout=SILENCE_SECONDS)) as client:
        image.build(client, lambda _: None, apps=apps)
    return apps
