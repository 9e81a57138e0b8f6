from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.errors import EngineError
from harness.sandbox.connection import addresses, advice, connect, reach


def urls(environ: dict[str, str]) -> list[str]:
    return [address.url for address in addresses(environ)]


def test_docker_host_is_the_only_place_tried_where_it_is_set() -> None:
    assert [url.removeprefix("http+") for url in urls({"DOCKER_HOST": "unix:///some.sock"})] == ["unix:///some.sock"]


def test_the_usual_sockets_come_in_order_and_podman_last() -> None:
    assert urls({"DOCKER_CONTEXT": "default", "XDG_RUNTIME_DIR": "/run/user/7"}) == [
        "unix:///var/run/docker.sock",
        "unix:///run/user/7/podman/podman.sock",
        "unix:///run/podman/podman.sock",
    ]


def test_a_context_that_does_not_exist_is_named() -> None:
    with pytest.raises(EngineError, match="no docker context 'nowhere'"):
        list(addresses({"DOCKER_CONTEXT": "nowhere"}))


@pytest.mark.parametrize(
    ("host", "reason"),
    [("unix:///nowhere.sock", "nothing there"), ("tcp://127.0.0.1:1", "nobody listens there")],
)
def test_an_engine_that_is_not_there_is_told_with_place_reason_and_remedy(host: str, reason: str) -> None:
    with pytest.raises(EngineError, match="DOCKER_HOST") as caught:
        connect(environ={"DOCKER_HOST": host})
    assert f"{host} (DOCKER_HOST): {reason}" in str(caught.value)
    assert "Start the engine there, or unset DOCKER_HOST" in str(caught.value)


@pytest.mark.parametrize(
    ("chosen", "reason", "there", "told"),
    [
        (False, "permission denied", True, "usermod -aG docker"),
        (True, "permission denied", True, "usermod -aG docker"),
        (True, "nobody listens there", True, "Start the engine there"),
        (False, "nobody listens there", True, "Start Docker"),
        (False, "nothing there", True, "Start Docker"),
        (False, "nothing there", False, "Install Docker"),
    ],
)
def test_the_advice_goes_by_what_is_wrong(chosen: bool, reason: str, there: bool, told: str) -> None:  # noqa: FBT001
    assert told in advice([chosen], [reason], there)


def test_a_socket_nobody_answers_at_is_not_taken_for_an_engine(tmp_path: Path) -> None:
    dead = tmp_path / "dead.sock"
    dead.touch()
    with pytest.raises(EngineError, match="nobody listens there"):
        connect(environ={"DOCKER_HOST": f"unix://{dead}"})


def test_an_engine_that_does_not_answer_is_told_with_its_place(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen()
        with pytest.raises(EngineError, match=r"mute.sock \(DOCKER_HOST\): no answer in time"):
            connect(environ={"DOCKER_HOST": f"unix://{tmp_path}/mute.sock"}, patience=0.2)


@pytest.mark.container
def test_the_engine_answers_in_a_version_both_know() -> None:
    client, address = reach()
    assert client.version()["Arch"]
    assert "://" in address.url
    client.close()
