"""One sandbox from start to end, on a real engine: whatever happens, nothing is left."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

import harness
from harness.errors import ImageMissing, Restarted, StartFailed, WireMismatch
from harness.sandbox import image, ownership
from harness.sandbox.desktop import Desktop
from harness.sandbox.engine import Engine
from harness.sandbox.running import open_sandbox
from harness.sandbox.spec import SandboxSpec
from sandbox_image.wire import Size
from tests.support.remote_engine import certificates, remote_engine
from tests.support.sandboxes import Leftovers

pytestmark = pytest.mark.container
SMALL = SandboxSpec.of(screen="640x480", memory="512m")

OWNER = """
import asyncio, sys
import harness
async def main():
    async with harness.sandbox(screen="640x480", memory="512m", lease=5):
        print("up", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


Derive = Callable[[str], str]


@pytest.fixture
def derived() -> Iterator[Derive]:
    """Makes an image from the sandbox's with further lines of a Dockerfile; its id."""
    client = docker.from_env()
    made: list[str] = []

    def derive(lines: str) -> str:
        recipe = f"FROM {image.recipe(client).name}\nLABEL harness.recipe=derived\n{lines}\n"
        built, _ = client.images.build(fileobj=io.BytesIO(recipe.encode()), rm=True)
        made.append(str(built.id))
        return made[-1]

    yield derive
    for one in made:
        client.images.remove(one, force=True)
    client.close()


@pytest.fixture
def broken_image(derived: Derive) -> str:
    """An image whose first process tells of a failure and ends."""
    said = r"{\"log\": \"xvnc\", \"line\": \"cannot open it\"}\n{\"step\": \"display\", \"error\": \"no screen\"}\n"
    return derived(f'ENTRYPOINT []\nCMD ["printf", "{said}"]')


async def test_a_desktop_answers_and_nothing_is_left_of_it(leftovers: Leftovers) -> None:
    steps: list[str] = []
    async with open_sandbox(SMALL, on_step=steps.append) as running:
        assert steps[0] == "listening"
        assert running.desktop.screen == Size(width=640, height=480)
        assert (await running.desktop.screenshot()).size == running.desktop.screen
        (container,) = leftovers.containers()
        assert container.labels[ownership.SANDBOX] == running.record.id
        assert running.folder.path.stat().st_mode & 0o777 == 0o700
        assert running.record.socket.stat().st_mode & 0o777 == 0o600
    assert leftovers.nothing()


async def test_the_container_is_held_in_by_every_limit_of_the_spec(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL):
        (container,) = leftovers.containers()
        host = container.attrs["HostConfig"]
        assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], ["SETUID", "SETGID", "KILL"])
        assert host["ReadonlyRootfs"]
        assert host["NetworkMode"] == "none"
        assert not host["PortBindings"]
        assert host["Memory"] == host["MemorySwap"] == SMALL.memory
        assert host["PidsLimit"] == SMALL.pids
        assert host["AutoRemove"]
        assert "no-new-privileges" in host["SecurityOpt"]


async def test_an_exception_in_the_block_passes_and_nothing_is_left(leftovers: Leftovers) -> None:
    with pytest.raises(ZeroDivisionError):
        async with harness.sandbox(SMALL):
            raise ZeroDivisionError
    assert leftovers.nothing()


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
async def test_a_start_that_is_cancelled_at_any_time_leaves_nothing(leftovers: Leftovers, seconds: float) -> None:
    async def start() -> None:
        async with open_sandbox(SMALL):
            await asyncio.Event().wait()

    starting = asyncio.create_task(start())
    await asyncio.wait((starting,), timeout=seconds)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert leftovers.nothing()


async def test_a_start_that_fails_half_way_names_the_step_with_its_log_and_leaves_nothing(
    leftovers: Leftovers, broken_image: str
) -> None:
    with pytest.raises(StartFailed, match="display: no screen") as raised:
        async with open_sandbox(SandboxSpec.of(SMALL, image=broken_image)):
            raise AssertionError("it must not start")
    assert raised.value.step == "display"
    assert "xvnc: cannot open it" in raised.value.log
    assert leftovers.nothing()


async def test_a_start_that_takes_too_long_says_how_far_it_came_and_leaves_nothing(leftovers: Leftovers) -> None:
    with pytest.raises(StartFailed, match="start_timeout"):
        async with open_sandbox(SandboxSpec.of(SMALL, start_timeout=0.2)):
            raise AssertionError("it must not be up yet")
    assert leftovers.nothing()


async def test_an_image_that_is_not_there_is_told_before_anything_is_made(leftovers: Leftovers) -> None:
    with pytest.raises(ImageMissing, match="no image 'nosuch:image'"):
        async with harness.sandbox(image="nosuch:image"):
            raise AssertionError("it must not start")
    assert leftovers.nothing()


async def test_an_image_of_another_version_names_the_command_that_rebuilds(
    leftovers: Leftovers, derived: Derive
) -> None:
    with pytest.raises(WireMismatch, match="harness image build"):
        async with harness.sandbox(image=derived("LABEL harness.wire=0123456789abcdef")):
            raise AssertionError("it must not start")
    assert leftovers.nothing()


async def test_an_image_that_was_built_without_labels_is_asked_when_it_runs(derived: Derive) -> None:
    async with harness.sandbox(SMALL, image=derived("LABEL harness.wire=")) as desktop:
        assert (await desktop.bash("echo here")).output == "here\n"


async def test_two_at_once_do_not_sweep_each_other(leftovers: Leftovers) -> None:
    short = SandboxSpec.of(SMALL, lease=5)
    async with open_sandbox(short) as first, open_sandbox(short) as second:
        assert len(leftovers.containers()) == 2
        for running in (first, second):
            assert (await running.desktop.bash("echo here")).output == "here\n"
    assert leftovers.nothing()


async def test_a_start_sweeps_what_a_dead_owner_left(leftovers: Leftovers) -> None:
    root = ownership.runtime_root()
    with ownership.Folder.create(root) as folder:
        labels = ownership.owner_labels(root, folder.id, lease=5) | {ownership.CREATED: "0"}
    (root / folder.id).mkdir()
    engine = await Engine.open()
    name = (await engine.run(image.lookup)).name
    await engine.create(f"harness-{folder.id}", {"Image": name, "Labels": labels})
    async with open_sandbox(SMALL) as running:
        while len(leftovers.containers()) > 1 or len(leftovers.folders()) > 1:
            await running.desktop.bash("true")
    await engine.aclose()
    assert leftovers.nothing()


async def test_a_server_killed_in_the_middle_of_a_command_is_told_and_the_command_is_not_run_again(
    leftovers: Leftovers,
) -> None:
    async with open_sandbox(SandboxSpec.of(SMALL, lease=5)) as running:
        call = asyncio.create_task(running.desktop.bash("echo ran >> /tmp/ran; sleep 60"))
        while await said(running.desktop, "cat /tmp/ran") == "":
            pass
        (container,) = leftovers.containers()
        await asyncio.to_thread(container.exec_run, ["pkill", "-9", "-f", "sandbox_image.server"], user="root")
        async with asyncio.timeout(30):
            with pytest.raises(Restarted, match="look at the screen"):
                await call
        assert await said(running.desktop, "cat /tmp/ran") == "ran\n"
    assert leftovers.nothing()


async def said(desktop: Desktop, command: str) -> str:
    return (await desktop.bash(f"{command} 2>/dev/null", session="other")).output


LOOKS = """python3 -c "
from Xlib.display import Display
x = Display()
print(sum(x.query_keymap()), x.screen().root.query_pointer().mask)" """


async def test_what_a_killed_server_left_down_is_released_by_the_next_one(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        (container,) = leftovers.containers()
        await running.desktop.button_down((5, 5), button="right")
        await running.desktop.key_down("w")
        assert await said(running.desktop, LOOKS) != "0 0\n"
        await asyncio.to_thread(container.exec_run, ["pkill", "-9", "-f", "sandbox_image.server"], user="root")
        with pytest.raises(Restarted):
            await running.desktop.pointer()
        state = await running.desktop.pointer()
        assert (state.buttons, state.keys) == ((), ())
        assert await said(running.desktop, LOOKS) == "0 0\n"
    assert leftovers.nothing()


async def test_a_command_that_eats_the_memory_is_killed_and_the_desktop_goes_on(leftovers: Leftovers) -> None:
    async with open_sandbox(SMALL) as running:
        assert (await running.desktop.bash("head -c 2g /dev/zero | tail", timeout=60)).output != ""
        assert (await running.desktop.screenshot()).size == running.desktop.screen
    assert leftovers.nothing()


def owner() -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process


def test_sigterm_of_the_owner_takes_the_sandbox_along(leftovers: Leftovers) -> None:
    with owner() as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
    assert leftovers.nothing()


def test_ctrl_c_takes_the_sandbox_along(leftovers: Leftovers) -> None:
    with owner() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0
    assert leftovers.nothing()


async def test_when_the_owner_is_killed_the_lease_ends_the_sandbox_and_the_next_start_clears_up(
    leftovers: Leftovers,
) -> None:
    with owner() as process:
        assert len(leftovers.containers()) == 1
        process.kill()
    await asyncio.to_thread(leftovers.wait_until_gone)
    assert leftovers.containers() == []
    assert len(leftovers.folders()) == 1
    async with open_sandbox(SMALL) as running:
        while len(leftovers.folders()) > 1:
            await running.desktop.bash("true")
    assert leftovers.nothing()


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_desktop_on_a_remote_engine_works_as_a_local_one_does(
    leftovers: Leftovers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, encrypted: bool
) -> None:
    async with remote_engine(certificates(tmp_path) if encrypted else None) as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        if encrypted:
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
            monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # for the rest of the world, not for the engine
                monkeypatch.setenv(name, "/etc/ssl/certs/ca-certificates.crt")
        async with open_sandbox(SMALL) as running:
            assert (await running.desktop.bash("head -c 500000 /dev/zero | wc -c")).output == "500000\n"
            text = "x" * 300_000
            await running.desktop.put(text.encode(), "big.txt")
            assert (await running.desktop.read("big.txt")).decode() == text
            assert (await running.desktop.screenshot()).size == running.desktop.screen
        assert leftovers.nothing()
    for thread in threading.enumerate():
        if "engine pump" in thread.name:
            await asyncio.to_thread(thread.join, 20)
            assert not thread.is_alive()
