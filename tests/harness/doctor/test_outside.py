from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor.finding import Free
from harness.doctor.outside import GB, engine, near, resources
from harness.sandbox.connection import Address
from tests.support.bare_engine import INFO, VERSION

HERE = Address("default", "unix:///var/run/docker.sock")


def statuses(info: dict[str, object], free: Free | None) -> dict[str, str]:
    return {one.check: one.status for one in resources(info, free)}


def test_an_engine_is_told_with_version_api_rights_and_place() -> None:
    found = engine(VERSION, INFO, HERE)
    assert found.status == "ok"
    assert found.found == "Docker 99.0, API 1.41, amd64, rootless, at unix:///var/run/docker.sock (default)"
    assert (
        "Podman 5.0"
        in engine(VERSION | {"Version": "5.0", "Components": [{"Name": "Podman Engine"}]}, INFO, HERE).found
    )
    assert "not rootless" in engine(VERSION, INFO | {"SecurityOptions": None}, HERE).found


def test_an_engine_that_cannot_hold_a_sandbox_to_its_limits_is_a_warning() -> None:
    found = engine(VERSION, INFO | {"MemoryLimit": False}, HERE)
    assert (found.status, found.found.rpartition("; ")[2]) == ("warning", "it cannot limit memory")
    assert "cgroup v2" in found.advice


def test_an_engine_of_another_architecture_failed() -> None:
    found = engine(VERSION | {"Arch": "s390x"}, INFO, HERE)
    assert found.status == "failed"
    assert "amd64 and arm64" in found.advice


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (Free(disk=90 * GB, memory=8 * GB), {"disk": "ok", "memory": "ok", "processors": "ok"}),
        (Free(disk=GB, memory=GB), {"disk": "warning", "memory": "warning", "processors": "ok"}),
        (None, {"memory": "ok", "processors": "ok"}),
    ],
)
def test_what_is_left_is_held_against_what_is_needed(free: Free | None, expected: dict[str, str]) -> None:
    assert statuses(INFO, free) == expected


def test_one_processor_is_too_few_for_a_desktop_as_it_comes() -> None:
    (found,) = (one for one in resources(INFO | {"NCPU": 1}, None) if one.check == "processors")
    assert (found.status, found.advice.rpartition(" ")[2]) == ("warning", "cpus=1")


def test_what_is_left_is_asked_of_this_machine_only_where_the_engine_is_here(tmp_path: Path) -> None:
    info = INFO | {"DockerRootDir": str(tmp_path)}
    here = near(info, HERE)
    assert here
    assert here.disk > 0
    assert here.memory > 0
    assert near(info, Address("DOCKER_HOST", "tcp://elsewhere:2375")) is None
    assert near(INFO, HERE) is None
