"""Python programs, run as their reader would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run_program(*arguments: Path | str, folder: Path) -> None:
    """Run Python in a folder. Fails where it fails, or complains."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
