"""The keeper's side of its talk with whoever started it."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from harness.sandbox.keeper import KEEP, LOG
from harness.sandbox.life import Running
from harness.sandbox.registry import read
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
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
        assert process.stdout.read() == b'{"kept": true}\n'  # it speaks to its log from now on
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
        assert process.stdout.read() == b'{"kept": true}\n'
        for container in leftovers.containers():
            container.kill()
        assert process.wait(60) == 0
    assert leftovers.nothing()


def told_to_adopt(running: Running) -> subprocess.Popen[bytes]:
    """A keeper for a sandbox of this process."""
    lock = running.folder.lock
    return subprocess.Popen(
        [sys.executable, "-m", "harness.sandbox.keeper", json.dumps({"adopt": running.record.id, "lock": lock})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
        env=os.environ,
    )


@pytest.mark.container
async def test_what_it_was_to_adopt_is_left_to_its_owner_where_that_does_not_say_keep(leftovers: Leftovers) -> None:
    async with open_sandbox(SandboxSpec.of(**SPEC)) as running:
        with told_to_adopt(running) as process:
            (ready,) = await asyncio.to_thread(told, process)
            assert isinstance(ready["ready"], dict)
            assert ready["ready"]["pid"] == process.pid
            assert process.stdin
            process.stdin.close()
            assert await asyncio.to_thread(process.wait, 60) == 0
        assert read(running.folder.path) == running.record
        assert (await running.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


@pytest.mark.container
async def test_what_it_adopted_is_its_own_after_keep(leftovers: Leftovers) -> None:
    async with open_sandbox(SandboxSpec.of(**SPEC)) as running:
        with told_to_adopt(running) as process:
            await asyncio.to_thread(told, process)
            assert process.stdin
            assert process.stdout
            process.stdin.write(KEEP)
            process.stdin.flush()
            assert await asyncio.to_thread(process.stdout.read) == b'{"kept": true}\n'
            running.hand_over()
            record = read(running.folder.path)
            assert record
            assert (record.pid, record.kept) == (process.pid, True)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0
            assert leftovers.nothing()
