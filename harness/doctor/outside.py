"""Looking from outside: the engine, its image, what its machine has to give."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.doctor.finding import Finding, Free
from harness.errors import EngineError, ImageMissing, WireMismatch
from harness.sandbox import image
from harness.sandbox.image.recipes import supported
from harness.sandbox.spec import SandboxSpec

if TYPE_CHECKING:
    from harness.sandbox.connection import Address

GB = 1_000_000_000
_BUILD_ROOM = 4 * GB
"""What a build takes at its height."""


def engine(version: Mapping[str, Any], info: Mapping[str, Any], address: Address) -> Finding:
    """Which engine it is, and whether it can hold a sandbox to its limits."""
    podman = any("Podman" in part["Name"] for part in version.get("Components") or ())
    rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    found = (
        f"{'Podman' if podman else 'Docker'} {version['Version']}, API {version['ApiVersion']}, {version['Arch']}, "
        f"{'rootless' if rootless else 'not rootless'}, at {address.url} ({address.source})"
    )
    try:
        supported(str(version["Arch"]))
    except EngineError as error:
        return Finding("engine", "failed", found, str(error))
    limits = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "processors"}
    if missing := [what for key, what in limits.items() if not info.get(key)]:
        advice = "boot its machine with cgroup v2, and hand the controllers down to the engine's user"
        return Finding("engine", "warning", f"{found}; it cannot limit {', '.join(missing)}", advice)
    return Finding("engine", "ok", found)


def image_there(client: Any, name: str | None) -> Finding:
    """Whether there is something to start, and what lies about of other versions."""
    others = [one for one in image.images(client) if one.standing == "stale"]
    held = f"{len(others)} of other versions hold up to {sum(one.size for one in others) / GB:.1f} GB"
    try:
        found = image.usable(client, name)
    except (ImageMissing, WireMismatch) as error:
        return Finding("image", "failed", f"{error}{f' ({held})' if others else ''}", image.BUILD_COMMAND)
    told = f"{found.name}, {found.size / GB:.1f} GB, made {found.created[:10]}"
    if not others:
        return Finding("image", "ok", told)
    advice = "where nobody needs them, take their names from `harness image ls` to `docker image rm`"
    return Finding("image", "ok", f"{told}; {held}", advice)


def near(info: Mapping[str, Any], address: Address) -> Free | None:
    """What this machine has left, where the engine is here and keeps its images where this user can look."""
    folder = Path(str(info.get("DockerRootDir")))
    if not (address.url.startswith(("unix:", "http+unix:")) and folder.is_dir()):
        return None
    memory = re.search(r"^MemAvailable:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    return Free(shutil.disk_usage(folder).free, int(memory[1]) * 1024 if memory else 0)


def resources(info: Mapping[str, Any], free: Free | None) -> Iterator[Finding]:
    """What the engine's machine has for sandboxes; `free` is None where nobody could look."""
    if free:
        tight = free.disk < _BUILD_ROOM
        advice = f"a build takes about {_BUILD_ROOM / GB:.0f} GB: make room where the engine keeps its images"
        told = f"{free.disk / GB:.1f} GB free where the engine keeps its images"
        yield Finding("disk", "warning" if tight else "ok", told, advice if tight else "")
    wanted, total = SandboxSpec().memory, int(info["MemTotal"])
    left = free.memory if free else total
    told = f"{left / GB:.1f} GB of {total / GB:.1f} GB free" if free else f"{total / GB:.1f} GB"
    advice = f"a desktop may take up to {wanted / GB:.1f} GB: free some, or give it less: memory='1g'"
    yield Finding("memory", "warning", told, advice) if left < wanted else Finding("memory", "ok", told)
    count, needed = int(info["NCPU"]), SandboxSpec().cpus
    advice = f"a desktop asks for {needed:g}, which the engine will refuse: start it with cpus={count}"
    told = f"{count}"
    yield Finding("processors", "warning", told, advice) if count < needed else Finding("processors", "ok", told)
