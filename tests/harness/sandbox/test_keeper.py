"""The keeper's side of its talk with whoever started it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from harness.sandbox.keeper import KEEP, LOG
from tests.support.sandboxes import Leftovers

SPEC = {"screen": "640x480", "memory": "512m", "lease": 5}


def keeper(**changes: object) -> subprocess.Popen[bytes]:
    order = json.dumps({"spec": {**SPEC, **changes}, "seconds": None})
    return subprocess.Popen(
        [sys.executable, "-m", "harness.sandbox.keeper", order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ,
    )


def told(process: subprocess.Popen[bytes]) -> list[dict[str, object]]:
    """What it says until it is ready or ends."""
    entries: list[dict[str, object]] = []
    assert process.stdout
    for line in process.stdout:
        entries.append(json.loads(line))
        if "ready" in entries[-1]:
            break
    return entries


def test_an_error_is_told_in_json_with_exit_code_3(leftovers: Leftovers) -> None:
    with keeper(image="nosuch:image") as process:
        (entry,) = told(process)
        assert isinstance(entry["error"], dict)
        assert entry["error"]["kind"] in {"ImageMissing", "EngineError"}
    assert process.returncode == 3
    assert leftovers.folders() == []


@pytest.mark.container
def test_it_ends_when_the_starter_goes_away_before_it_said_keep(leftovers: Leftovers) -> None:
    with keeper() as process:
        assert "ready" in told(process)[-1]
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 0
    assert leftovers.nothing()


@pytest.mark.container
def test_it_goes_on_after_keep_until_it_is_told_to_end(leftovers: Leftovers) -> None:
    with keeper() as process:
        *steps, ready = told(process)
        assert steps[0] == {"step": "listening"}
        assert isinstance(ready["ready"], dict)
        assert process.stdin
        process.stdin.write(KEEP)
        process.stdin.close()
        assert process.stdout
        assert process.stdout.read() == b""  # it speaks to its log from now on
        assert (leftovers.root / str(ready["ready"]["id"]) / LOG).is_file()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert leftovers.nothing()


@pytest.mark.container
def test_it_ends_when_its_container_does(leftovers: Leftovers) -> None:
    with keeper() as process:
        told(process)
        assert process.stdin
        process.stdin.write(KEEP)
        process.stdin.flush()
        assert process.stdout
        assert process.stdout.read() == b""
        for container in leftovers.containers():
            container.kill()
        assert process.wait(60) == 0
    assert leftovers.nothing()
