"""What every desktop keeps to: the fake one and the one in a container alike. One module a room.

A check takes a Desktop and asserts. The desktop has a text editor called `mousepad`, and waits for windows.
"""

from tests.support.conformance import (
    accessibility,
    clipboard,
    editor,
    eyes,
    files,
    keyboard,
    live,
    pointer,
    programs,
    reading,
    requests,
    shell,
    waiting,
    windows,
)
from tests.support.conformance.checks import CHECKS, Check

__all__ = [
    "CHECKS",
    "Check",
    "accessibility",
    "clipboard",
    "editor",
    "eyes",
    "files",
    "keyboard",
    "live",
    "pointer",
    "programs",
    "reading",
    "requests",
    "shell",
    "waiting",
    "windows",
]
