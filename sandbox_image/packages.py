"""Adds Debian packages to the image while one is built: `python3 -m sandbox_image.packages featherpad gimp`, as root.

Where nobody knows a name, nothing is installed, and the names that are near are told.
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence

_LEFT = ("/var/lib/apt/lists", "/var/cache/debconf", "/var/log")
_NEAR = 3


def main(names: Sequence[str]) -> int:
    """Install the packages, and leave nothing else."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    _run("apt-get", "update", "-q")
    known = subprocess.run(["apt-cache", "pkgnames"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    if told := list(unknown(names, known)):
        sys.stdout.write("".join(f"{line}\n" for line in told))
        return 1
    _run("apt-get", "install", "-qy", "--no-install-recommends", *names)
    _run("apt-get", "clean")
    _run("find", *_LEFT, "-type", "f", "-delete")
    return 0


def unknown(names: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """What to say of each name that is not known."""
    for name in names:
        if name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, _NEAR)) or "none"
            yield f"no Debian package is called {name}; names that are near: {near}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
