"""A sandbox whose owner was killed goes on with another one, or says why it cannot."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from harness.errors import SandboxLost, UsageError, WireMismatch
from harness.sandbox import image, ownership, registry
from harness.sandbox.adopting import adopt_sandbox
from harness.sandbox.client import Client
from harness.sandbox.engine import Engine
from harness.sandbox.ownership import Folder, owner_labels
from harness.sandbox.registry import Record, records
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
from harness.sandbox.sweeping import sweep
from sandbox_image.wire import Size
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
SMALL = SandboxSpec.of(screen="640x480", memory="512m")
OWNER = """
import asyncio, sys
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
async def main():
    spec = SandboxSpec.of(screen="640x480", memory="512m", lease=float(sys.argv[1]))
    async with open_sandbox(spec) as running:
        desktop = running.desktop
        {work}
        print(running.record.id, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = await Engine.open()
    yield engine
    await engine.aclose()


def owner(work: str = "pass", lease: float = 60) -> tuple[subprocess.Popen[str], str]:
    """A process that has a sandbox, and the sandbox's id."""
    program = OWNER.format(work=work.replace("\n", "\n        "))
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(lease)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def left_by_a_killed_owner(work: str = "pass", lease: float = 60) -> tuple[int, str]:
    """The id of a process that is no more, and of its sandbox."""
    process, sandbox = owner(work, lease)
    with process:
        process.kill()
    return process.pid, sandbox


async def test_who_adopts_finds_screen_files_and_shell_as_they_were(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner(
        'await desktop.launch("xterm", "-T", "still here")\n'
        'await desktop.wait_for_window("still here")\n'
        'await desktop.put(b"kept", "note.txt")\n'
        'await desktop.bash("cd /tmp; word=hello", session="model")'
    )
    async with adopt_sandbox(sandbox) as running:
        desktop = running.desktop
        assert desktop.screen == Size(width=640, height=480)
        assert (await desktop.wait_for_window("still here")).title == "still here"
        assert await desktop.read("note.txt") == b"kept"
        assert (await desktop.bash("pwd; echo $word", session="model")).output == "/tmp\nhello\n"  # noqa: S108 - the guest's own
        assert records(ownership.runtime_root()) == [running.record]
        assert running.record.pid == os.getpid()
        assert running.record.image
    assert leftovers.nothing()


async def test_keys_and_buttons_that_were_down_are_let_go(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner(
        'await desktop.button_down((5, 5), button="right")\nawait desktop.key_down("w")'
    )
    async with adopt_sandbox(sandbox) as running:
        state = await running.desktop.pointer()
        assert (state.buttons, state.keys) == ((), ())
    assert leftovers.nothing()


async def test_what_was_under_way_goes_on_to_its_end_and_the_next_command_waits_for_it(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner(
        'task = asyncio.create_task(desktop.bash("echo begun >begun; sleep 2; echo ended >ended", session="model"))\n'
        'await desktop.bash("until [ -e begun ]; do sleep 0.02; done", session="other")'
    )
    async with adopt_sandbox(sandbox) as running:
        assert (await running.desktop.bash("cat ended", session="model")).output == "ended\n"
    assert leftovers.nothing()


LOOKS = """python3 -c "
from Xlib.display import Display
print(sum(Display().query_keymap()))" """


async def test_a_key_that_is_just_held_down_is_let_go_before_anything_else_is_done(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner(
        'task = asyncio.create_task(desktop.hold("w", 1))\n'
        f"looks = {LOOKS!r}\n"
        'while (await desktop.bash(looks)).output == "0\\n": pass'
    )
    async with adopt_sandbox(sandbox) as running:
        assert (await running.desktop.bash(LOOKS)).output == "0\n"
    assert leftovers.nothing()


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
async def test_an_adoption_that_is_cancelled_at_any_time_leaves_all_or_nothing(
    leftovers: Leftovers, seconds: float
) -> None:
    _, sandbox = left_by_a_killed_owner()

    async def adopt() -> None:
        async with adopt_sandbox(sandbox):
            await asyncio.Event().wait()

    adopting = asyncio.create_task(adopt())
    await asyncio.wait((adopting,), timeout=seconds)
    adopting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adopting
    if not leftovers.nothing():
        async with adopt_sandbox(sandbox) as running:
            assert (await running.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


async def test_the_lease_is_renewed_at_once_and_from_then_on(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner(lease=5)
    async with adopt_sandbox(sandbox) as running:
        client = Client(running.record.socket)
        last = (await client.health()).lease_s
        assert last > 4
        while (now := (await client.health()).lease_s) <= last:
            last = now
        await client.aclose()
    assert leftovers.nothing()


async def test_of_several_that_adopt_at_once_one_does_and_the_others_are_told_which(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner()
    done = asyncio.Event()

    async def adopt() -> str:
        try:
            async with adopt_sandbox(sandbox) as running:
                await done.wait()
                return (await running.desktop.bash("echo mine")).output
        except UsageError as error:
            return str(error)

    tasks = [asyncio.create_task(adopt()) for _ in range(4)]
    while sum(task.done() for task in tasks) < 3:
        await asyncio.wait([task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    done.set()
    told = sorted(await asyncio.gather(*tasks))
    assert told[0] == "mine\n"
    assert all(f"has an owner that lives, process {os.getpid()}" in one for one in told[1:])
    assert leftovers.nothing()


async def test_an_owner_that_lives_is_named_and_keeps_it(leftovers: Leftovers) -> None:
    process, sandbox = owner()
    with process:
        with pytest.raises(UsageError, match=f"has an owner that lives, process {process.pid}: end that first"):
            async with adopt_sandbox(sandbox):
                raise AssertionError("it must not be adopted")
        assert len(leftovers.containers()) == 1
        process.terminate()
    assert leftovers.nothing()


def prober(sandbox: str) -> subprocess.Popen[str]:
    """A process that asks again and again whether the owner lives."""
    program = (
        "from harness.sandbox import ownership as o\n"
        "print('up', flush=True)\n"
        f"while o.alive(o.runtime_root(), '{sandbox}') or True: pass"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout
    process.stdout.readline()
    return process


async def test_who_looks_whether_the_owner_lives_keeps_nobody_from_adopting(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner()
    with prober(sandbox) as process:
        async with adopt_sandbox(sandbox) as running:
            assert (await running.desktop.bash("echo mine")).output == "mine\n"
        process.kill()
    assert leftovers.nothing()


async def test_a_sweep_leaves_what_has_no_owner_until_its_lease_is_over(leftovers: Leftovers, engine: Engine) -> None:
    _, sandbox = left_by_a_killed_owner(lease=5)
    await sweep(engine, leftovers.root)
    assert leftovers.folders() == [sandbox]
    assert len(leftovers.containers()) == 1
    await asyncio.to_thread(leftovers.wait_until_gone)
    await sweep(engine, leftovers.root)
    assert leftovers.nothing()


async def test_what_is_older_than_its_lease_can_be_adopted_and_a_start_in_between_does_no_harm(
    leftovers: Leftovers,
) -> None:
    pid, sandbox = left_by_a_killed_owner('await desktop.bash("sleep 6")', lease=5)
    async with open_sandbox(SMALL) as other:
        await other.desktop.bash("true")
        async with adopt_sandbox(sandbox) as running:
            assert running.record.pid != pid
            assert (await running.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


async def test_a_lease_that_is_over_is_told_with_the_owner_and_since_when(leftovers: Leftovers) -> None:
    pid, sandbox = left_by_a_killed_owner(lease=5)
    await asyncio.to_thread(leftovers.wait_until_gone)
    told = rf"{sandbox} is gone: its owner, process {pid}, ended, .* lease of 5 s, which was over \d+ s ago"
    with pytest.raises(SandboxLost, match=told):
        async with adopt_sandbox(sandbox):
            raise AssertionError("it must not be adopted")
    assert leftovers.folders() == [sandbox], "it is for the next sweep to take"


async def test_a_container_that_was_killed_meanwhile_is_told_as_that(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner()
    (container,) = leftovers.containers()
    container.kill()
    await asyncio.to_thread(leftovers.wait_until_gone)
    with pytest.raises(SandboxLost, match=r"is gone: it was stopped from outside, within the last \d+ s"):
        async with adopt_sandbox(sandbox):
            raise AssertionError("it must not be adopted")


@pytest.mark.parametrize("sandbox", ["0123456789ab", "", "..", "0123"])
async def test_an_id_that_nobody_knows_is_told(leftovers: Leftovers, sandbox: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"no sandbox {sandbox!r} is known in {leftovers.root}")):
        async with adopt_sandbox(sandbox):
            raise AssertionError("it must not be adopted")


async def test_a_sandbox_of_another_runtime_directory_is_told_as_that(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, sandbox = left_by_a_killed_owner()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(UsageError, match="another user, host or runtime directory"):
        async with adopt_sandbox(sandbox):
            raise AssertionError("it must not be adopted")
    assert len(leftovers.containers()) == 1


async def test_a_sandbox_of_an_owner_that_never_got_ready_is_told_as_that(leftovers: Leftovers) -> None:
    with Folder.create(ownership.runtime_root()) as folder:
        folder.ours = False
    with pytest.raises(UsageError, match="before it was ready"):
        async with adopt_sandbox(folder.id):
            raise AssertionError("it must not be adopted")
    assert leftovers.folders() == [folder.id]


@asynccontextmanager
async def labelled(engine: Engine, **changes: str) -> AsyncIterator[str]:
    """A container that was never started, with these labels, as an owner that is gone left it; its id."""
    root = ownership.runtime_root()
    with Folder.create(root) as folder:
        folder.ours = False
        Record(
            id=folder.id, container=f"harness-{folder.id}", image="", screen=Size(width=1, height=1),
            socket=folder.path / "s", pid=1, created=0,
        ).write(folder.path)  # fmt: skip
        labels = owner_labels(root, folder.id, lease=60) | changes
        name = (await engine.run(image.lookup)).name
        await engine.create(f"harness-{folder.id}", {"Image": name, "Labels": labels})
    yield folder.id
    await engine.remove(f"harness-{folder.id}")


async def test_a_sandbox_of_another_version_is_told_as_that_and_left(leftovers: Leftovers, engine: Engine) -> None:
    async with labelled(engine, **{image.WIRE: "0123456789abcdef"}) as sandbox:
        with pytest.raises(WireMismatch, match="take it over with the version of the harness that started it"):
            async with adopt_sandbox(sandbox):
                raise AssertionError("it must not be adopted")
        assert len(leftovers.containers()) == 1
        assert leftovers.folders() == [sandbox]


async def test_a_sandbox_of_another_boot_is_told_as_that(leftovers: Leftovers, engine: Engine) -> None:
    async with labelled(engine, **{ownership.BOOT: "another"}) as sandbox:
        with pytest.raises(SandboxLost, match="before this machine was started anew"):
            async with adopt_sandbox(sandbox):
                raise AssertionError("it must not be adopted")
        assert leftovers.folders() == [sandbox]


async def test_an_exception_in_the_block_passes_and_nothing_is_left(leftovers: Leftovers) -> None:
    _, sandbox = left_by_a_killed_owner()
    with pytest.raises(ZeroDivisionError):
        async with adopt_sandbox(sandbox):
            raise ZeroDivisionError
    assert leftovers.nothing()


async def test_with_an_inherited_lock_it_is_the_owners_until_it_is_taken_over(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as given:
        lock = os.dup(given.folder.lock)
        async with adopt_sandbox(given.record.id, lock=lock) as running:
            assert registry.read(given.folder.path) == given.record
            assert (await running.desktop.bash("echo both")).output == "both\n"
        assert (await given.desktop.bash("echo mine")).output == "mine\n"
    assert leftovers.nothing()


async def test_who_inherits_the_lock_and_takes_over_is_the_owner(leftovers: Leftovers) -> None:
    async with AsyncExitStack() as heir:
        async with open_sandbox(SMALL) as given:
            lock = os.dup(given.folder.lock)
            running = await heir.enter_async_context(adopt_sandbox(given.record.id, lock=lock))
            given.hand_over()
            running.take_over()
        assert records(leftovers.root) == [running.record]
        assert (await running.desktop.bash("echo mine")).output == "mine\n"
    assert leftovers.nothing()
