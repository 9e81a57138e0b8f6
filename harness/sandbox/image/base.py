"""The Debian the image is built on: from the engine, from a registry, or made here by debootstrap.

The last is for machines that reach a Debian mirror but no registry. The mirror, its keyring and the proxy are those
the host's own apt uses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.errors import EngineError
from harness.sandbox.connection import EngineRefused, NotFound
from harness.sandbox.image import apt

if TYPE_CHECKING:
    from docker import DockerClient

    from harness.sandbox.image.progress import Steps

SUITE = "trixie"
MADE = f"harness-base:{SUITE}"
_LEAVE_OUT = ("./usr/share/doc/*", "./usr/share/man/*", "./usr/share/locale/*", "./var/cache/apt/*", "./var/log/*")
_TAIL = 12


def ensure(client: DockerClient, wanted: str, architecture: str, steps: Steps) -> str:
    """Name of a base that the engine has now. Raises EngineError with what to do where none can be had."""
    for name in (wanted, MADE):
        if _present(client, name, architecture):
            return name
    reason = _pull(client, wanted, steps)
    if reason is None:
        return wanted
    _make(client, architecture, steps, f"{wanted} is not in the engine and could not be pulled ({reason})")
    return MADE


def _present(client: DockerClient, name: str, architecture: str) -> bool:
    try:
        return str(client.images.get(name).attrs["Architecture"]) == architecture
    except NotFound:
        return False


def _pull(client: DockerClient, name: str, steps: Steps) -> str | None:
    """Pull an image; None, or why that failed."""
    try:
        with steps.step("base", f"pulling {name}"):
            repository, _, tag = name.partition(":")
            for event in client.api.pull(repository, tag, stream=True, decode=True):
                if "error" in event:
                    return str(event["error"])
                steps.tell(" ".join(filter(None, (event.get("id"), event.get("status"), event.get("progress")))))
    except EngineRefused as error:
        return str(getattr(error, "explanation", error))
    return None


def _make(client: DockerClient, architecture: str, steps: Steps, why: str) -> None:
    """Make the base by debootstrap and import it."""
    _check_possible(architecture, why)
    source = apt.mirror()
    with (
        steps.step("base", f"{why}; making {MADE} with debootstrap"),
        tempfile.TemporaryDirectory(prefix="harness-base-", dir="/var/tmp", ignore_cleanup_errors=True) as folder,
    ):
        root = Path(folder, "root")
        try:
            _debootstrap(root, source, steps)
            apt.configure(root, SUITE, source)
            steps.tell(f"importing {MADE}")
            _import(client, root)
        finally:  # never into a file system that was left mounted
            subprocess.run(["rm", "-rf", "--one-file-system", root], check=False, stderr=subprocess.DEVNULL)


def _check_possible(architecture: str, why: str) -> None:
    advice = "pull or load that image into the engine (`docker pull`, `docker load`)"
    if os.geteuid() != 0:
        raise EngineError(f"{why}. Making a base here needs root: run `sudo harness image build` once, or {advice}")
    if not shutil.which("debootstrap"):
        raise EngineError(f"{why}. Making a base here needs debootstrap: `apt-get install debootstrap`, or {advice}")
    own = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    if own != architecture:
        raise EngineError(f"{why}. This host is {own} and cannot make a base for an {architecture} engine: {advice}")


def _debootstrap(root: Path, source: apt.Mirror, steps: Steps) -> None:
    command = ["debootstrap", "--variant=minbase", "--include=ca-certificates"]
    if source.keyring:
        command.append(f"--keyring={source.keyring}")
    command += [SUITE, str(root), *([source.url] if source.url else [])]
    log: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | apt.proxies() | {"LC_ALL": "C"},
    ) as process:
        for line in process.stdout or ():
            log.append(line.rstrip())
            steps.tell(line.strip().removeprefix("I: "))
    if process.returncode:
        tail = "\n  | ".join(log)
        raise EngineError(f"debootstrap could not make the base (exit code {process.returncode}):\n  | {tail}")


def _import(client: DockerClient, root: Path) -> None:
    """Hand the file system to the engine as a stream."""
    leave = [f"--exclude={pattern}" for pattern in _LEAVE_OUT]
    with subprocess.Popen(["tar", "-C", root, *leave, "-c", "."], stdout=subprocess.PIPE) as tar:
        stream: IO[bytes] | None = tar.stdout
        repository, tag = MADE.split(":")
        client.api.import_image_from_stream(stream, repository=repository, tag=tag, changes=['CMD ["bash"]'])
    if tar.returncode:
        raise EngineError(f"the base could not be packed: tar ended with exit code {tar.returncode}")
