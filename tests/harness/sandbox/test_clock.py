"""A sandbox at work while the wall clock is set by hours, five times a second, on the host and in every program inside.

Nobody's clock is touched: a library that is loaded first tells every program another time.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.sandbox.image import lookup
from harness.sync_api import sandbox
from tests.support.images import having

pytestmark = pytest.mark.container
SOURCE = Path(__file__).parents[2] / "support" / "jumping_clock.c"
PROGRAM = """
import asyncio, sys, time
from contextlib import aclosing
import harness
from harness.errors import DeadlinePassed

async def dates(desktop):
    told = await desktop.bash("for _ in 1 2 3 4 5 6; do date +%s; sleep 0.25; done")
    return [int(line) for line in told.output.split()]

async def main():
    async with harness.sandbox(image=sys.argv[1], lease=5) as desktop:
        inside = await dates(desktop)
        assert inside != sorted(inside), inside
        async with aclosing(desktop.frames()) as frames, aclosing(desktop.program_changes()) as changes:
            await anext(frames)
            started = await desktop.launch("xterm", "-T", "a clock")
            window = await desktop.wait_for_window("a clock")
            await anext(frames)
            await desktop.click(window.region)
            await desktop.type("echo typed >typed; exit\\n")
            await desktop.wait_for_window_gone(window)
            assert [(await anext(changes)).change for _ in range(2)] == ["started", "ended"]
        assert await desktop.read("typed") == b"typed\\n"
        await desktop.wait_for_still()
        began = time.monotonic()
        try:
            await desktop.wait_for_exit(await desktop.launch("sleep", "1000"), timeout=6)
        except DeadlinePassed:
            assert time.monotonic() - began >= 6, "a wait was cut short"
        assert (await desktop.bash("echo alive, past a lease")).output == "alive, past a lease\\n"
        assert (await desktop.bash("sleep 1000", timeout=0.5)).timed_out
        print("done")

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made in a sandbox, since a host may have no compiler."""
    path = tmp_path_factory.mktemp("clock") / "clock.so"
    with sandbox(apps=having("gcc", "libc6-dev")) as desktop:
        desktop.put(SOURCE.read_bytes(), "clock.c")
        made = desktop.bash("cc -shared -fPIC -O2 -o clock.so clock.c")
        assert made.exit_code == 0, made.output
        desktop.get("clock.so", path)
    return path


@pytest.fixture(scope="module")
def image(library: Path) -> Iterator[str]:
    """The sandbox image, where every program is told a time that jumps."""
    client = docker.from_env()
    lines = (f"FROM {lookup(client).name}", "USER root", "COPY clock.so ld.so.preload /etc/")
    content = {"Dockerfile": "\n".join(lines).encode(), "ld.so.preload": b"/etc/clock.so\n"}
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as tar:
        tar.add(library, "clock.so")
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    body.seek(0)
    built, _ = client.images.build(fileobj=body, custom_context=True, rm=True, forcerm=True)
    assert built.id
    yield built.id
    client.images.remove(built.id, force=True)
    client.close()


def test_a_sandbox_is_at_work_while_the_wall_clock_jumps_on_both_sides(library: Path, image: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, image],
        env=os.environ | {"LD_PRELOAD": str(library)}, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == "done\n"
