"""A sandbox while a process has it: its lease, whose it is, and what is told of its end."""

import asyncio
import logging

import pytest

from harness.errors import Restarted, SandboxLost
from harness.sandbox import registry
from harness.sandbox.adopting import adopt_sandbox
from harness.sandbox.client import Client
from harness.sandbox.ownership import tenure
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
SMALL = SandboxSpec.of(screen="640x480", memory="512m")


async def test_the_lease_is_renewed_while_the_block_runs(leftovers: Leftovers) -> None:
    async with open_sandbox(SandboxSpec.of(SMALL, lease=5)) as running:
        client = Client(running.record.socket)
        last = (await client.health()).lease_s
        while (now := (await client.health()).lease_s) <= last:
            last = now
        await client.aclose()
    assert leftovers.nothing()


async def test_each_renewal_is_written_down(leftovers: Leftovers) -> None:
    async with open_sandbox(SandboxSpec.of(SMALL, lease=5)) as running:
        first = tenure(leftovers.root, running.record.id, {})
        assert first
        assert first.lease == 5
        while tenure(leftovers.root, running.record.id, {}) == first:
            await running.desktop.bash("true")


async def test_a_renewal_that_cannot_be_written_down_is_a_renewal_all_the_same(
    leftovers: Leftovers, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_sandbox(SandboxSpec.of(SMALL, lease=5)) as running:
        (running.folder.path / ".lease.json").mkdir()  # where it is drafted
        client = Client(running.record.socket)
        last = (await client.health()).lease_s
        with caplog.at_level(logging.WARNING):
            while (now := (await client.health()).lease_s) <= last:
                last = now
        await client.aclose()
    assert "could not be written down" in caplog.text
    assert leftovers.nothing()


async def test_what_was_handed_over_outlives_the_block(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        running.hand_over()
    assert leftovers.folders() == [running.record.id]
    async with adopt_sandbox(running.record.id) as adopted:
        assert (await adopted.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


async def test_what_was_taken_over_again_goes_with_the_block(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        running.hand_over()
        (running.folder.path / "state.json").unlink()
        running.take_over()
        assert registry.read(running.folder.path) == running.record
    assert leftovers.nothing()


async def test_a_call_under_way_fails_when_the_container_is_stopped_and_says_so(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        call = asyncio.create_task(running.desktop.bash("sleep 60"))
        await running.desktop.bash("true", session="other")
        (container,) = leftovers.containers()
        await asyncio.to_thread(container.kill)
        with pytest.raises(SandboxLost, match="stopped from outside"):
            await call
        with pytest.raises(SandboxLost, match="stopped from outside"):
            await running.desktop.screenshot()
        assert running.lost.is_set()
    assert leftovers.nothing()


async def test_live_frames_end_with_what_became_of_the_server_and_of_the_container(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        (container,) = leftovers.containers()
        frames = running.desktop.frames()
        await anext(frames)
        await asyncio.to_thread(container.exec_run, ["pkill", "-9", "-f", "sandbox_image.server"], user="root")
        with pytest.raises(Restarted, match="look at the screen"):
            await anext(frames)
        frames = running.desktop.frames()
        await anext(frames)
        await asyncio.to_thread(container.kill)
        with pytest.raises(SandboxLost, match="stopped from outside"):
            await anext(frames)
    assert leftovers.nothing()
