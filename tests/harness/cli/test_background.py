"""Keepers that are started, die and are stopped."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness.cli.background import keep, start, stop
from harness.errors import ImageMissing, SandboxLost, UsageError
from harness.sandbox.adopting import adopt_sandbox
from harness.sandbox.engine import Engine
from harness.sandbox.ownership import alive, runtime_root
from harness.sandbox.registry import Record, connected, read, records
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
from harness.sandbox.sweeping import sweep
from sandbox_image.wire import Exit, Output, Shell
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
SMALL = SandboxSpec.of(screen="640x480", memory="512m", lease=5)


def test_an_error_of_the_keeper_is_raised_here_as_it_was_there(leftovers: Leftovers) -> None:
    with pytest.raises(ImageMissing, match="nosuch"):
        start(SandboxSpec.of(SMALL, image="nosuch:image"), None, lambda _: None)
    assert leftovers.nothing()


def test_an_interruption_while_it_starts_leaves_nothing(leftovers: Leftovers) -> None:
    def interrupt(step: str) -> None:
        raise KeyboardInterrupt(step)

    with pytest.raises(KeyboardInterrupt):
        start(SMALL, None, interrupt)
    assert leftovers.nothing()


async def test_stopping_returns_when_nothing_is_left(leftovers: Leftovers) -> None:
    steps: list[str] = []
    record = start(SMALL, None, steps.append)
    assert "listening" in steps
    assert records(runtime_root()) == [record]
    await stop(record)
    assert leftovers.nothing()


async def test_a_killed_keeper_is_not_listed_and_stopping_clears_up_after_it(leftovers: Leftovers) -> None:
    record = start(SMALL, None, lambda _: None)
    os.kill(record.pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, record.pid, 0)
    assert not alive(runtime_root(), record.id)
    assert records(runtime_root()) == []
    await stop(record)
    assert leftovers.nothing()


# --- handing over ----------------------------------------------------------------------------------------------------

RUN = """
import asyncio
from harness.cli.background import keep
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
async def main():
    async with open_sandbox(SandboxSpec.of(screen="640x480", memory="512m", lease=5)) as running:
        await running.desktop.bash("cd /tmp; word=hello")
        print((await keep(running)).model_dump_json())
asyncio.run(main())
"""


async def said(record: Record, command: str) -> str:
    """What a command prints at a desktop of another process."""
    printed = ""
    async with connected(record) as client:
        async for event in client.shell(Shell(id="12345678", command=command)):
            match event:
                case Output():
                    printed += event.text
                case Exit():
                    assert event.code == 0
    return printed


@contextlib.asynccontextmanager
async def sweeping(root: Path) -> AsyncIterator[None]:
    """Others start and sweep all the time."""

    async def sweep_on() -> None:
        while True:
            await sweep(engine, root)

    engine = await Engine.open()
    task = asyncio.create_task(sweep_on())
    yield
    assert not task.done()
    task.cancel()
    await asyncio.wait((task,))
    await engine.aclose()


def test_a_process_ends_and_its_desktop_goes_on_in_the_background_until_it_is_stopped(leftovers: Leftovers) -> None:
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=False, env=os.environ)
    assert done.stderr == ""
    record = Record.model_validate_json(done.stdout)
    assert records(leftovers.root) == [record]
    assert record.kept
    assert asyncio.run(said(record, "pwd; echo $word")) == "/tmp\nhello\n"  # noqa: S108 - the guest's own
    program = "from harness.cli import main; main()"
    stopped = subprocess.run([sys.executable, "-c", program, "desktop", "stop"], capture_output=True, check=True)
    assert stopped.stdout.decode().strip() == record.id
    assert leftovers.nothing()


async def test_a_desktop_is_never_without_an_owner_while_it_is_handed_over(leftovers: Leftovers) -> None:
    async with sweeping(leftovers.root):
        async with open_sandbox(SandboxSpec.of(SMALL, lease=5)) as running:
            handing = asyncio.create_task(keep(running))
            while not handing.done():
                assert alive(leftovers.root, running.record.id)
                assert (await running.desktop.bash("echo here")).output == "here\n"
            record = await handing
        assert record.pid != os.getpid()
        assert read(leftovers.root / record.id) == record
        assert await said(record, "echo there") == "there\n"
    await stop(record)
    assert leftovers.nothing()


async def test_what_was_adopted_can_be_handed_over_and_what_was_handed_over_adopted(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        first = await keep(running)
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.to_thread(os.waitpid, first.pid, 0)
    async with adopt_sandbox(first.id) as running:
        assert not running.record.kept
        second = await keep(running)
    assert await said(second, "echo there") == "there\n"
    await stop(second)
    assert leftovers.nothing()


async def test_a_keeper_ends_a_desktop_that_it_was_given_when_its_time_is_over(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        record = await keep(running, 1)
        with pytest.raises(UsageError, match="handed over already"):
            await keep(running)
    assert record.ends is not None
    await asyncio.to_thread(leftovers.wait_until_gone)
    assert leftovers.containers() == []


async def test_where_the_keeper_cannot_take_it_the_owner_stays_in_charge(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with open_sandbox(SMALL) as running:
        with monkeypatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # the keeper looks elsewhere
            with pytest.raises(UsageError, match="cannot be adopted"):
                await keep(running)
        assert records(leftovers.root) == [running.record]
        assert (await running.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


async def test_what_is_lost_already_cannot_be_handed_over(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        (container,) = leftovers.containers()
        await asyncio.to_thread(container.kill)
        await running.lost.wait()
        with pytest.raises(SandboxLost, match="is gone"):
            await keep(running)
    assert leftovers.nothing()


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6])
async def test_an_interruption_while_it_is_handed_over_leaves_one_owner_in_charge(
    leftovers: Leftovers, seconds: float
) -> None:
    async with open_sandbox(SMALL) as running:
        handing = asyncio.create_task(keep(running))
        await asyncio.wait((handing,), timeout=seconds)
        handing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await handing
        (record,) = records(leftovers.root)
        assert await said(record, "echo here") == "here\n"
        assert record == running.record if record.pid == os.getpid() else record.kept
    if record.kept:
        assert records(leftovers.root) == [record]
        await stop(record)
    assert leftovers.nothing()
