"""Building the sandbox image: a base, wheels made on the host, and the engine's own builder.

Wheels come from the host's pip, so that the host's index, proxy and certificates apply and nothing inside the build
has to know them. A host without pip leaves it to the build.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections import deque
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.errors import EngineError
from harness.sandbox.connection import EngineRefused
from harness.sandbox.image import base, wheels
from sandbox_image.fingerprint import DOCKERFILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker import DockerClient

    from harness.sandbox.image.progress import Steps
    from harness.sandbox.image.recipes import Recipe

REQUIREMENTS = "sandbox_image/requirements.txt"
SILENCE_SECONDS = 900
"""The engine may say nothing for so long, as when it commits a large layer to a slow disk."""
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
TAIL = 25
"""Lines of a build that are kept to tell why it failed."""


def build(client: DockerClient, recipe: Recipe, steps: Steps, *, fresh: bool = False) -> None:
    """Build and tag the image; `fresh` takes nothing from earlier builds. Raises EngineError with the last lines."""
    ground = base.ensure(client, base_wanted(recipe.files[DOCKERFILE]), recipe.architecture, steps)
    fetched = wheels.ensure(recipe.files[REQUIREMENTS], recipe.architecture, steps)
    contents = dict(recipe.files) | {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in fetched}
    log: deque[str] = deque(maxlen=TAIL)
    with steps.step("image", f"building {recipe.name} from {ground}"):
        labels = {**recipe.labels, "harness.base": ground}
        run(client, contents, log, steps, tag=recipe.name, labels=labels, nocache=fresh, buildargs={"BASE": ground})


def run(
    client: DockerClient,
    contents: Mapping[str, bytes],
    log: deque[str],
    steps: Steps,
    *,
    buildargs: Mapping[str, str] | None = None,
    **settings: Any,
) -> None:
    """Have the engine build from these files; `log` gets the last lines. Raises EngineError with them."""
    with context(contents) as archive:
        try:
            events = client.api.build(
                fileobj=archive,
                custom_context=True,
                dockerfile=DOCKERFILE,
                buildargs={**(buildargs or {}), **proxies(os.environ)},
                timeout=SILENCE_SECONDS,
                rm=True,
                forcerm=True,
                decode=True,
                **settings,
            )
            follow(events, log, steps)
        except (EngineRefused, OSError) as error:
            raise failed(str(error), log) from error


def base_wanted(dockerfile: bytes) -> str:
    """The base a Dockerfile names."""
    match = re.search(r"^ARG BASE=(\S+)$", dockerfile.decode(), re.MULTILINE)
    if not match:
        raise EngineError(f"{DOCKERFILE} has no line ARG BASE=...")
    return match[1]


def context(contents: Mapping[str, bytes]) -> IO[bytes]:
    """The build context as an archive, ready to be read; nothing of this host is in it: no owner, no time, no umask."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    file.seek(0)
    return file


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The host's proxies as build arguments; one on the host's own loopback cannot be reached from a build."""
    found = {name: environ.get(name) or environ.get(name.upper()) or "" for name in _PROXIES}
    return {name: value for name, value in found.items() if value and not _loopback(value)}


def follow(events: Iterable[Mapping[str, object]], log: deque[str], steps: Steps) -> None:
    """Tell the builder's steps; raises EngineError where it failed."""
    count = total = 0
    for event in events:
        if "error" in event:
            raise failed(str(event["error"]).strip(), log)
        for line in str(event.get("stream", "")).splitlines():
            if match := _STEP.match(line):
                count, total = int(match[1]), int(match[2])
                steps.tell(match[3], count=count, total=total)
            elif line.strip():
                log.append(line.rstrip())
                steps.tell(line.strip(), count=count, total=total)


def failed(reason: str, log: Iterable[str]) -> EngineError:
    """What to raise when a build failed."""
    tail = "".join(f"\n  | {line}" for line in log)
    return EngineError(f"the sandbox image could not be built: {reason}{tail}")


def _loopback(value: str) -> bool:
    host = urlsplit(value).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"
