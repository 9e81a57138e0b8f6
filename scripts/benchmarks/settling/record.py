"""Take recordings: open each scene in a sandbox of its own and let the recorder inside do the inputs."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import harness
from benchmarks.settling.kinds import SCENES, Kind, Scene, prepare
from benchmarks.settling.timeline import Timeline
from benchmarks.timing import progress
from benchmarks.usual import LABEL, container
from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator

    from docker import DockerClient
    from docker.models.containers import Container as Guest

    from benchmarks.settling.timeline import Load

SECONDS = 4.0
RECORDER = Path(__file__).with_name("recorder.py")
PLAYER = """\
import time
while True:
    end = time.process_time() + 0.012
    while time.process_time() < end: pass
    time.sleep(0.028)
"""
"""Works for 12 ms of every 40, as a player of films does."""
_order = random.Random(0)  # noqa: S311 - the order of inputs is no secret


async def recordings(engine: DockerClient, load: Load, scenes: Container[str]) -> AsyncIterator[Timeline]:
    """Every kind of these scenes once, under this load."""
    for scene in SCENES:
        if scene.name in scenes:
            async for timeline in _scene(engine, scene, load):
                yield timeline


async def _scene(engine: DockerClient, scene: Scene, load: Load) -> AsyncIterator[Timeline]:
    mark = uuid4().hex
    async with harness.sandbox(labels={LABEL: mark}) as desktop:
        await scene.open(desktop)
        if load == "player":
            await desktop.launch("python3", "-c", PLAYER)
        with _all_cores() if load == "busy" else nullcontext():
            for kind in _order.sample(scene.kinds, len(scene.kinds)):
                progress(f"{load}: {scene.name}: {kind.name}")
                await prepare(desktop, kind.before)
                recorded = await asyncio.to_thread(_record, container(engine, mark), scene, kind)
                await prepare(desktop, kind.after)
                names = {"scene": scene.name, "kind": kind.name, "answer": kind.answer, "load": load}
                yield Timeline.of(names | recorded)


def _record(inside: Guest, scene: Scene, kind: Kind) -> dict[str, Any]:
    action = kind.action.model_dump(mode="json")
    wish = json.dumps({"action": action, "seconds": SECONDS, "aside": scene.aside})
    code, output = inside.exec_run(["python3", "-c", RECORDER.read_text(), wish], user="control")
    said = output if isinstance(output, bytes) else b"".join(output)
    if code:
        raise HarnessError(f"the recorder failed: {said.decode(errors='replace')}")
    recorded: dict[str, Any] = json.loads(said)
    if recorded.pop("missed"):
        progress(f"{kind.name}: the screen changed in its last moment, or without damage")
    return recorded


@contextmanager
def _all_cores() -> Iterator[None]:
    """Work on every core, beside the sandbox."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
            one.wait()
