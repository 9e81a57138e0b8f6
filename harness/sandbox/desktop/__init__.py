"""A desktop as the person in front of it: point, click, type, look, run a command, bring files.

All places are **screen pixels**, origin top left; all durations are seconds unless a name ends in `_ms`. Nothing
is clamped: a point off the screen raises NotOnScreen and moves nothing. What the sandbox refuses is raised as a
subclass of ActionFailed, and the sandbox goes on; what cannot be sent at all is a UsageError.
"""

from __future__ import annotations

from harness.sandbox.desktop.accessibility import Accessibility
from harness.sandbox.desktop.clipboard import Clipboard
from harness.sandbox.desktop.editor import Editor
from harness.sandbox.desktop.eyes import Change, Eyes, Screenshot, describe
from harness.sandbox.desktop.keyboard import Keyboard
from harness.sandbox.desktop.live import Frame, Live, ProgramChange, WindowChange
from harness.sandbox.desktop.pointer import Pointer
from harness.sandbox.desktop.programs import Programs
from harness.sandbox.desktop.reading import Reading
from harness.sandbox.desktop.reading_back import ReadBack
from harness.sandbox.desktop.requests import DEADLINE, Place
from harness.sandbox.desktop.shell import OUTPUT_LIMIT, ShellResult, ShellSessions
from harness.sandbox.desktop.waiting import Waiting
from harness.sandbox.desktop.windows import Windows

__all__ = [
    "DEADLINE",
    "OUTPUT_LIMIT",
    "Change",
    "Desktop",
    "Frame",
    "Place",
    "ProgramChange",
    "ReadBack",
    "Screenshot",
    "ShellResult",
    "WindowChange",
    "describe",
]


class Desktop(
    Eyes,
    Reading,
    Waiting,
    Live,
    Accessibility,
    Pointer,
    Keyboard,
    Clipboard,
    Windows,
    Programs,
    ShellSessions,
    Editor,
):
    """What a person can do at a desktop, over anything that speaks the wire."""
