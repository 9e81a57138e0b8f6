"""A pipe out of bash, without bash."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from sandbox_image.outlet import Outlet, pipe_above
from tests.support.guest_worker import NOBODY, REPOSITORY

CROWDED = f"""
import asyncio, concurrent.futures.thread, fcntl, os, resource, sys
sys.path.insert(0, {str(REPOSITORY)!r})
from sandbox_image.outlet import Outlet
resource.setrlimit(resource.RLIMIT_NOFILE, [resource.getrlimit(resource.RLIMIT_NOFILE)[1]] * 2)
if os.geteuid() == 0:  # who may pass the limit
    os.setgid({NOBODY - 1})
    os.setuid({NOBODY - 1})
try:
    while True:
        fcntl.fcntl(os.pipe()[1], fcntl.F_SETPIPE_SZ, 1 << 20)
except PermissionError:
    pass
async def use():
    outlet, heard = Outlet(), asyncio.Event()
    outlet.listen(lambda data: heard.set())
    os.write(outlet.inner, b"a")
    await heard.wait()
    print("heard")
asyncio.run(use())
"""


async def test_what_comes_goes_to_who_listens_and_waits_where_nobody_does() -> None:
    outlet = Outlet()
    came: list[bytes] = []
    heard = asyncio.Event()

    def hear(data: bytes) -> None:
        came.append(data)
        heard.set()

    assert outlet.listen(hear) == b""
    os.write(outlet.inner, b"a")
    await heard.wait()
    os.write(outlet.inner, b"b")
    outlet.mute()
    assert came == [b"a", b"b"]
    os.write(outlet.inner, b"c")
    outlet.mute()
    assert outlet.listen(hear) == b"c"
    os.write(outlet.inner, b"d")
    os.close(outlet.inner)
    outlet.close()
    assert came == [b"a", b"b", b"d"]


async def test_of_what_waits_too_long_the_end_is_kept() -> None:
    outlet = Outlet()
    for _ in range(3):
        os.write(outlet.inner, b"x" * 40_000)
        outlet.mute()
    os.write(outlet.inner, b"end")
    outlet.mute()
    waited = outlet.listen(lambda _: None)
    assert waited.startswith(b"\n[... 87235 bytes of output left out ...]\nx")
    assert waited.endswith(b"xend")
    os.close(outlet.inner)
    outlet.close()


async def test_what_waits_can_be_dropped() -> None:
    outlet = Outlet()
    os.write(outlet.inner, b"x")
    outlet.mute()
    outlet.forget()
    assert outlet.listen(lambda _: None) == b""
    os.close(outlet.inner)
    outlet.close()


def test_the_writing_end_is_out_of_the_way_of_scripts() -> None:
    reading, writing = pipe_above()
    assert writing >= 200
    assert not os.get_inheritable(writing)
    os.close(reading)
    os.close(writing)


def test_where_other_sandboxes_have_used_up_what_pipes_may_hold_a_small_one_does() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", CROWDED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("heard\n", "")
