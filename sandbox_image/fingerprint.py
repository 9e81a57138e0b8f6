"""What must be equal on both sides, as hashes. Standard library only; both the host and the sandbox import this.

The *wire fingerprint* speaks for the messages: the image carries it as a label and the server answers with it.
The *recipe hash* speaks for everything an image is built from and names the image.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = Path(__file__).resolve().parent
DOCKERFILE = "Dockerfile.sandbox"


def wire_fingerprint(package: Path = PACKAGE) -> str:
    """Hash of the wire's text, 16 hexadecimal digits: equal when host and sandbox speak the same wire."""
    digest = hashlib.sha256()
    for path in sorted((package / "wire").glob("*.py")):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def recipe_files(package: Path = PACKAGE) -> dict[str, bytes]:
    """What an image is built from, by name in the build context, in order of name.

    The Dockerfile lies beside the package in a checkout and inside it in an installed wheel; the names, and with
    them the hash, are the same. Raises FileNotFoundError where there is neither, as in the sandbox itself.
    """
    files = {f"{package.name}/{path.relative_to(package).as_posix()}": path for path in _sources(package)}
    inside = files.pop(f"{package.name}/{DOCKERFILE}", None)
    files[DOCKERFILE] = inside or package.parent / DOCKERFILE
    if not files[DOCKERFILE].is_file():
        raise FileNotFoundError(f"no {DOCKERFILE} in {package} or beside it")
    return {name: path.read_bytes() for name, path in sorted(files.items())}


def recipe_hash(architecture: str, files: Mapping[str, bytes]) -> str:
    """Hash of recipe files and the architecture (`amd64`, `arm64`), 64 hexadecimal digits."""
    digest = hashlib.sha256(architecture.encode())
    for name, content in sorted(files.items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _sources(package: Path) -> list[Path]:
    """Files of the package without caches and without what begins with a dot."""
    return [
        path
        for path in package.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(package).parts)
    ]
