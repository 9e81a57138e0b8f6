"""What is in an image, read from a container that is made and never started: nothing inside gets to run."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

from harness.sandbox.connection import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker import DockerClient

_STATUS = "/var/lib/dpkg/status"
_REQUIREMENTS = "/opt/harness/sandbox_image/requirements.txt"
_TOLD = (
    *("chromium", "mousepad", "pcmanfm", "lxterminal", "xterm", "openbox", "tint2", "tigervnc-standalone-server"),
    *("tesseract-ocr", "python3", "fonts-dejavu-core", "fonts-noto-cjk", "fonts-noto-color-emoji"),
)


def versions(client: DockerClient, image: str, apps: Sequence[str] = ()) -> dict[str, str]:
    """Versions of the applications, those added too, and of all Python packages in an image, by name."""
    container = client.containers.create(image, network_disabled=True)
    try:
        status, requirements = (_read(container, path) for path in (_STATUS, _REQUIREMENTS))
    finally:
        container.remove(force=True)
    installed = debian_versions(status)
    return {name: installed[name] for name in (*apps, *_TOLD) if name in installed} | python_versions(requirements)


def debian_versions(status: str) -> dict[str, str]:
    """Versions by package from dpkg's status file; what is not installed is left out."""
    found = {}
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status") == "install ok installed":
            found[fields["Package"]] = fields.get("Version", "")
    return found


def python_versions(requirements: str) -> dict[str, str]:
    """Versions by name from a pinned requirements file."""
    pins = (line.split()[0].partition("==") for line in requirements.splitlines() if line[:1].isalnum())
    return {name: version for name, _, version in pins if version}


def _read(container: Any, path: str) -> str:
    """A text file of a container; empty where there is none."""
    try:
        stream, _ = container.get_archive(path)
    except NotFound:
        return ""
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        return member.read().decode(errors="replace") if member else ""
