"""What the doctor says of engines that are there, elsewhere, dead, closed or empty."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import execute
from sandbox_image.fingerprint import recipe_files, recipe_hash, wire_fingerprint
from tests.support.bare_engine import bare_engine, image
from tests.support.sandboxes import Leftovers

Capture = pytest.CaptureFixture[str]


def doctor(capsys: Capture) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the findings by what was looked at."""
    code = execute(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (code == 0)
    return code, {one["check"]: one for one in told["findings"]}


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    code, found = doctor(capsys)
    assert (code, list(found)) == (3, ["engine"])
    assert "unix:///nowhere.sock (DOCKER_HOST): nothing there" in found["engine"]["found"]
    assert "unset DOCKER_HOST" in found["engine"]["advice"]


def test_an_engine_that_is_stopped(monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "engine.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    code, found = doctor(capsys)
    assert (code, found["engine"]["status"]) == (3, "failed")
    assert "nobody listens there" in found["engine"]["found"]
    assert "Start the engine" in found["engine"]["advice"]


def test_an_engine_that_is_not_open_to_this_user(tmp_path: Path) -> None:
    """In a process that gives up root where it has it: nothing is closed to root."""
    program = """
import os, sys
import harness.cli.doctor
from harness.cli import execute
if os.geteuid() == 0:
    os.setuid(65534)
sys.exit(execute(["doctor", "--json"]))
"""
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "engine.sock"))
        closed.listen()
        (tmp_path / "engine.sock").chmod(0)
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(folder.stat().st_mode | 0o011)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/engine.sock"},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert "permission denied" in found["found"]
    assert "usermod -aG docker" in found["advice"]


def test_an_engine_without_the_image(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with bare_engine() as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        code, found = doctor(capsys)
    assert (code, list(found)) == (3, ["engine", "image", "memory", "processors"])
    assert f"Docker 99.0, API 1.41, amd64, rootless, at {address}" in found["engine"]["found"]
    assert (found["image"]["status"], found["image"]["advice"]) == ("failed", "harness image build")
    assert "is not built yet" in found["image"]["found"]


def test_an_engine_with_images_of_other_versions_alone(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with bare_engine(image("0" * 12, recipe="0" * 64, wire="0")) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        code, found = doctor(capsys)
    assert (code, found["image"]["advice"]) == (3, "harness image build")
    assert "1 of other versions" in found["image"]["found"]


def test_an_engine_whose_sandbox_does_not_start(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    recipe = recipe_hash("amd64", recipe_files())
    ours = image(recipe[:12], recipe=recipe, wire=wire_fingerprint())
    with bare_engine(ours | {"Id": f"harness-sandbox:{recipe[:12]}"}) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        code, found = doctor(capsys)
    assert (code, found["image"]["status"], found["self test"]["status"]) == (3, "ok", "failed")
    assert "container" in found["self test"]["found"]


def test_an_engine_of_a_strange_architecture(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with bare_engine(Arch="s390x") as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        code, found = doctor(capsys)
    assert (code, found["engine"]["status"]) == (3, "failed")
    assert "amd64 and arm64" in found["engine"]["advice"]


def test_people_read_status_subject_and_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    assert execute(["doctor"]) == 3
    said = capsys.readouterr().out
    assert said.startswith("failed   engine")
    assert "-> Start the engine there" in said


@pytest.mark.container
def test_a_sound_engine(capsys: Capture, leftovers: Leftovers) -> None:
    code, found = doctor(capsys)
    assert code == 0
    assert {name: one["status"] for name, one in found.items() if one["status"] == "failed"} == {}
    sound = ("engine", "image", "fonts", "OCR", "accessibility", "self test")
    assert {found[name]["status"] for name in sound} == {"ok"}
    assert {"disk", "memory", "processors", "user namespaces"} <= found.keys()
    assert "opened a window, typed, read it back" in found["self test"]["found"]
    assert leftovers.nothing()
