"""What the container may do and use: everything that holds the inside in. Pure; nothing is asked of the engine."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from harness.sandbox.spec import MIB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.sandbox.spec import SandboxSpec

USER, CONTROL, DISPLAY = 1000, 1001, 1002  # as the image's users are numbered
CAPABILITIES = ("SETUID", "SETGID", "KILL")
_STOP_SECONDS = 2


def settings(spec: SandboxSpec, image: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of the engine's "create container" request."""
    return {
        "Image": image,
        "Hostname": "sandbox",
        "Labels": {**spec.labels, **labels},
        "Env": [f"HARNESS_SCREEN={spec.screen.width}x{spec.screen.height}", f"HARNESS_LEASE={spec.lease:g}"],
        "StopTimeout": _STOP_SECONDS,
        "NetworkDisabled": True,
        "HostConfig": _host(spec),
    }


def _host(spec: SandboxSpec) -> dict[str, Any]:
    return {
        "AutoRemove": True,
        "CapDrop": ["ALL"],
        "CapAdd": list(CAPABILITIES),
        "SecurityOpt": ["no-new-privileges", f"seccomp={_seccomp()}"],
        "ReadonlyRootfs": True,
        "NetworkMode": spec.network,
        "Memory": spec.memory,
        "MemorySwap": spec.memory,  # equal: no swap on top
        "NanoCpus": int(spec.cpus * 1e9),
        "PidsLimit": spec.pids,
        "ShmSize": spec.disks.shm,
        "Tmpfs": _file_systems(spec),
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
    }


def _file_systems(spec: SandboxSpec) -> dict[str, str]:
    """What can be written to. A mount keeps the mode of the directory in the image; its owner has to be said."""
    private = "rw,noexec,nosuid,nodev"
    return {
        "/home/user": f"rw,exec,nosuid,nodev,size={spec.disks.home},uid={USER},gid={USER}",
        "/tmp": f"rw,exec,nosuid,nodev,size={spec.disks.tmp}",  # noqa: S108 - the guest's own
        "/run/user/1000": f"{private},size={16 * MIB},uid={USER},gid={USER}",
        "/run/control": f"{private},size={MIB},uid={CONTROL},gid={CONTROL}",
        "/run/display": f"{private},size={MIB},uid={DISPLAY},gid={DISPLAY}",
    }


def _seccomp() -> str:
    """The profile in one line: the engine takes its text, and the file lies with the wheel."""
    return json.dumps(json.loads(files("harness.sandbox").joinpath("seccomp.json").read_text("utf-8")))
