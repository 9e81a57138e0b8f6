"""Run the tests marked `x11` in a container of the sandbox image: its Xvnc, its Python, its compiled packages.

The checkout and pytest are copied in, not mounted: that works with remote engines as well. HARNESS_IMAGE names
another image than the recipe's. Arguments go to pytest; its exit status is ours.
"""

from __future__ import annotations

import io
import os
import sys
import sysconfig
import tarfile
from pathlib import Path

from docker.models.containers import Container

from harness.errors import ImageMissing
from harness.sandbox.connection import connect
from harness.sandbox.image import lookup

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "sandbox_image", "harness", "tests")
TOOLS = [
    "pytest",
    "_pytest",
    "py.py",
    "pluggy",
    "iniconfig",
    "packaging",
    "pygments",
    "pytest_asyncio",
    "pytest_timeout.py",
    "xdist",
    "execnet",
]
PLUGINS = ("pytest-", "pytest_", "pluggy-")
"""Beginnings of the folders that tell pytest which plug-ins there are."""
FOLDER = "/tmp/ring"  # noqa: S108 - inside a container of our own
START = f"import sys; sys.path.append({FOLDER + '/site'!r}); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
"""Tools come last on the path, so that the image's packages are the ones that are tested."""
TESTS = "tests/sandbox_image"
OPTIONS = ("-m", "x11", "-n", "2", "-p", "no:cacheprovider", "--confcutdir", TESTS)
"""hypothesis is compiled for the host's Python: what asks for it, the settings for all rings included, stays out."""


def main(arguments: list[str]) -> int:
    """Copy, run, show what pytest says while it says it, clean up."""
    client = connect()
    try:
        image = lookup(client, os.environ.get("HARNESS_IMAGE")).id
    except ImageMissing as error:
        print(f"test-x11: {error}", file=sys.stderr)
        return 3
    container = client.containers.create(
        image,
        ["python3", "-B", "-c", START, *OPTIONS, *arguments, *_tests()],
        user="1000:1000",
        working_dir=FOLDER,
        network_mode="none",
        environment={"HOME": "/home/user", "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis"},  # noqa: S108 - inside
    )
    try:
        return _run(container)
    finally:
        container.remove(force=True)


def _run(container: Container) -> int:
    container.put_archive("/tmp", _archive())  # noqa: S108 - inside the container
    output = container.attach(stream=True, logs=True)
    container.start()
    for piece in output:
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    return int(container.wait()["StatusCode"])


def _tests() -> list[str]:
    """Files with tests for this ring."""
    files = sorted(ROOT.glob(f"{TESTS}/**/test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files if "mark.x11" in file.read_text()]


def _archive() -> bytes:
    packages = Path(sysconfig.get_path("purelib"))
    told = [path.name for path in packages.glob("*.dist-info") if path.name.startswith(PLUGINS)]
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as tar:
        for name in SOURCES:
            tar.add(ROOT / name, f"ring/{name}", filter=_plain)
        for name in (*TOOLS, *told):
            tar.add(packages / name, f"ring/site/{name}", filter=_plain)
    return body.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without caches, readable to the user the tests run as."""
    if "__pycache__" in entry.name:
        return None
    entry.uid = entry.gid = 1000
    entry.mode |= 0o555 if entry.isdir() else 0o444
    return entry


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
