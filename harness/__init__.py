"""A disposable Linux desktop in a container for Claude, or a script, to work at."""

from harness.errors import HarnessError
from harness.sandbox import Desktop, Region, SandboxSpec, Settle, Size, sandbox
from harness.version import __version__

__all__ = ["Desktop", "HarnessError", "Region", "SandboxSpec", "Settle", "Size", "__version__", "sandbox"]
