"""Wheels for the sandbox, made by the host's pip from pinned and hashed requirements, kept for the next build."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EngineError
from harness.sandbox.image.progress import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.sandbox.image.progress import Steps

PYTHON = "3.13"  # Debian trixie's
_NEWEST_LIBC, _OLDEST_LIBC = 41, 5  # minor versions of glibc 2: Debian trixie's, and the first with a wheel tag
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_EPOCH = "315532800"  # 1980-01-01, the first day a zip file can hold: wheels made twice are equal
_TAIL = 12


def ensure(requirements: bytes, architecture: str, steps: Steps) -> list[Path]:
    """The wheels, from the cache or from the host's pip; none where the host has no pip. Raises EngineError."""
    key = hashlib.sha256(f"{PYTHON} {architecture} ".encode() + requirements).hexdigest()[:16]
    kept = cache_folder() / "wheels" / key
    if not kept.is_dir():
        pip = _pip()
        if pip is None:
            with steps.step("wheels", "this Python has no pip: the build fetches the Python packages itself"):
                return []
        kept.parent.mkdir(exist_ok=True)
        with steps.step("wheels", "fetching Python packages"):
            _make(pip, requirements, architecture, kept, steps)
    return sorted(kept.glob("*.whl"))


def _make(pip: Sequence[str], requirements: bytes, architecture: str, kept: Path, steps: Steps) -> None:
    """Fetch and build into a folder that appears whole or not at all."""
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as name:
        fetched, wheels = Path(name, "fetched"), Path(name, "wheels")
        pins = Path(name, "requirements.txt")
        pins.write_bytes(requirements)
        _run([*pip, *download(pins, architecture, fetched)], steps, requirements.count(b"=="))
        wheels.mkdir()
        for wheel in fetched.glob("*.whl"):
            shutil.move(wheel, wheels)
        if sources := sorted(map(str, fetched.iterdir())):
            steps.tell(f"making wheels of {len(sources)} source archives")
            _run([*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), *sources], steps, 0)
        _check(wheels, len(sources))
        wheels.rename(kept)


def download(requirements: Path, architecture: str, to: Path) -> list[str]:
    """Pip's arguments that fetch what runs in the sandbox, whatever runs here."""
    machine = MACHINES.get(architecture)
    if machine is None:
        raise EngineError(f"no sandbox for {architecture} engines: {' and '.join(MACHINES)} are known")
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST_LIBC, _OLDEST_LIBC - 1, -1)]
    tags = [f"--platform={tag}" for tag in (*platforms, f"manylinux2014_{machine}")]
    abis = [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
    return [
        *("download", "--progress-bar=off", "--no-deps", "--require-hashes", f"--python-version={PYTHON}"),
        *("--implementation=cp", *abis, *tags, f"--dest={to}", f"--requirement={requirements}"),
    ]


def _check(wheels: Path, built: int) -> None:
    """What was compiled here would be for this host's Python, not for the sandbox's."""
    here = f"-cp{sys.version_info.major}{sys.version_info.minor}-linux_"
    if wrong := [wheel.name for wheel in wheels.glob("*.whl") if built and here in wheel.name]:
        raise EngineError(f"no wheel for the sandbox and not plain Python: {', '.join(wrong)}; pin another version")


def _pip() -> list[str] | None:
    """The pip of this Python, else one on the PATH."""
    for python in (sys.executable, shutil.which("python3")):
        if (
            python
            and subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
        ):
            return [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    return None


def _run(command: Sequence[str], steps: Steps, total: int) -> None:
    """Run pip and tell each package it comes to."""
    environ = os.environ | {"SOURCE_DATE_EPOCH": _EPOCH, "PYTHONUNBUFFERED": "1"}
    log: deque[str] = deque(maxlen=_TAIL)
    count = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            log.append(line.rstrip())
            if line.startswith(("Collecting ", "Processing ")):
                count += 1
                steps.tell(
                    line.split("(from")[0].split()[1].rpartition("/")[2],
                    count=min(count, total) if total else count,
                    total=total,
                )
    if process.returncode:
        tail = "\n  | ".join(log)
        raise EngineError(
            f"pip could not get the sandbox's Python packages (exit code {process.returncode}):\n  | {tail}"
        )
