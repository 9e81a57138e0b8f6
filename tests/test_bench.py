"""The benchmarks' study of typing, run once: what it says is the test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAMS = ("xterm", "lxterminal", "mousepad", "chromium")


@pytest.mark.container
def test_hundreds_of_characters_arrive_right_in_every_program_while_all_cores_are_busy() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--typing", "1", "--json"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    rows = {row["name"]: row["met"] for row in json.loads(done.stdout)["rows"]}
    assert rows == {f"400 characters right in {program}, cores busy": True for program in PROGRAMS}
