"""What a program inside a sandbox cannot do, tried from inside; and what ends or mends a sandbox that is ill."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from docker import DockerClient

from harness.errors import HarnessError
from harness.sandbox import Desktop, SandboxSpec, image, limits
from harness.sandbox.engine import Engine
from harness.sandbox.running import open_sandbox

pytestmark = [pytest.mark.container, pytest.mark.asyncio(loop_scope="module")]

SERVER, WORKER, XVNC = "sandbox_image.server", "sandbox_image.worker", "Xvnc :0"
MAKES_NETFILTER_SOCKET = "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)"
MAKES_PACKET_SOCKET = "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"


@dataclass(frozen=True)
class Inside:
    """A running sandbox, and commands in it under any of its users."""

    desktop: Desktop
    lost: asyncio.Event
    engine: Engine
    container: str

    async def run(self, command: str, user: str = "user") -> tuple[int, str]:
        """Exit code and output of a shell command."""

        def run(client: DockerClient) -> tuple[int, str]:
            done: Any = client.containers.get(self.container).exec_run(["bash", "-c", command], user=user)
            return done.exit_code, done.output.decode()

        return await self.engine.run(run)

    async def pid(self, command: str) -> int:
        """The process whose command line holds this, as anybody may see it."""
        _, output = await self.run("for p in /proc/[0-9]*; do echo ${p#/proc/} $(tr '\\0' ' ' <$p/cmdline); done")
        processes = (line.partition(" ") for line in output.splitlines())
        return next(
            int(pid) for pid, _, line in processes if command in line and not line.startswith(("bash", "/usr/bin/tini"))
        )

    async def until_answer(self, command: str) -> str:
        """The output of a shell command, once the sandbox answers it again."""
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(HarnessError):
                    return (await self.desktop.bash(command)).output


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Inside]:
    async with open_sandbox(SandboxSpec()) as running:
        engine = await Engine.open()
        try:
            yield Inside(running.desktop, running.lost, engine, running.record.container)
        finally:
            await engine.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inside() -> AsyncIterator[Inside]:
    """One sandbox for all tests that do it no harm."""
    async with opened() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def own() -> AsyncIterator[Inside]:
    """A sandbox for one test that does it harm."""
    async with opened() as it:
        yield it


async def test_a_shell_has_no_capability_and_cannot_get_any(inside: Inside) -> None:
    status = (await inside.desktop.bash("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")).output
    fields = dict(line.split(":\t") for line in status.splitlines())
    assert {int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize("command", ["supervisor", SERVER, XVNC])
async def test_the_shell_cannot_signal_read_or_trace_the_machinery(inside: Inside, command: str) -> None:
    pid = await inside.pid(command)
    for attempt in (
        f"kill -STOP {pid}",
        f"cat /proc/{pid}/environ",
        f"head -c 1 /proc/{pid}/mem",
        f"ls /proc/{pid}/fd",
        f"ls /proc/{pid}/cwd/",
        f"python3 -c 'import ctypes; assert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == 0'",
    ):
        assert (await inside.desktop.bash(attempt)).exit_code != 0, attempt


@pytest.mark.parametrize("file", ["environ", "mem", "maps", "fd/0", "cwd/"])
async def test_the_shell_cannot_look_into_the_worker_though_it_runs_under_the_same_user(
    inside: Inside, file: str
) -> None:
    pid = await inside.pid(WORKER)
    assert (await inside.desktop.bash(f"head -c 1 /proc/{pid}/{file}")).exit_code != 0


@pytest.mark.parametrize("path", ["/run/control/server.sock", "/run/display/rfb.sock"])
async def test_the_shell_reaches_no_socket_of_the_machinery(inside: Inside, path: str) -> None:
    assert (await inside.run(f"test -S {path}", "control" if "control" in path else "display"))[0] == 0
    for attempt in (f"ls $(dirname {path})", f"socat -u OPEN:/dev/null UNIX-CONNECT:{path}", f"rm -f {path}"):
        assert (await inside.desktop.bash(attempt)).exit_code != 0, attempt


async def test_the_control_user_reaches_neither_files_nor_programs_of_the_desktop(inside: Inside) -> None:
    worker, xvnc = await inside.pid(WORKER), await inside.pid(XVNC)
    for attempt in ("ls /home/user", "ls /run/display", f"kill -0 {worker}", f"kill -0 {xvnc}"):
        assert (await inside.run(attempt, "control"))[0] != 0, attempt


async def test_even_root_inside_reaches_no_private_directory_and_owns_no_files_of_others(inside: Inside) -> None:
    for attempt in ("ls /home/user", "ls /run/control", "touch /root/x", "chown user /tmp", "mount -t tmpfs x /mnt"):
        assert (await inside.run(attempt, "root"))[0] != 0, attempt


async def test_only_the_home_and_the_temporary_directories_can_be_written(inside: Inside) -> None:
    found = await inside.desktop.bash("find / -xdev -type d -writable 2>/dev/null")
    assert set(found.output.split()) == {"/home/user", "/run/user/1000", "/tmp"}  # noqa: S108 - the guest's own
    for place in ("/", "/etc", "/opt/harness", "/usr/bin"):
        assert "Read-only" in (await inside.run(f"touch {place}/x", "root"))[1]


async def test_there_is_no_network_but_the_loopback(inside: Inside) -> None:
    assert (await inside.desktop.bash("ls /sys/class/net")).output.split() == ["lo"]


async def test_nothing_listens_on_the_network(inside: Inside) -> None:
    lines = (await inside.desktop.bash("cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6")).output
    assert [line for line in lines.splitlines() if line.split()[3] == "0A"] == []


@pytest.mark.parametrize(
    "attempt",
    [
        "mount -t tmpfs x /tmp",
        "unshare -Ur mount -t tmpfs x /tmp",
        "unshare -Urm true",
        "unshare -Uru true",
        "unshare -Uri true",
        "unshare -UrT true",
        "unshare -UrC true",
        f'unshare -Urn python3 -c "{MAKES_NETFILTER_SOCKET}"',
        f'unshare -Urn python3 -c "{MAKES_PACKET_SOCKET}"',
        "nsenter -t 1 -n true",
        "dmesg",
    ],
)
async def test_a_user_namespace_opens_no_door_to_the_kernel(inside: Inside, attempt: str) -> None:
    assert (await inside.desktop.bash("unshare -Ur true")).exit_code == 0
    assert (await inside.desktop.bash(attempt)).exit_code != 0


async def test_chromium_runs_in_its_own_sandbox(inside: Inside) -> None:
    await inside.desktop.launch("chromium", "about:blank")
    await inside.desktop.wait_for_window(window_class="chromium")
    renderers = (
        "for p in /proc/[0-9]*; do grep -qa type=renderer $p/cmdline "
        "&& grep -h -E '^(NSpid|Seccomp_filters)' $p/status; done 2>/dev/null"
    )
    async with asyncio.timeout(60):
        while "NSpid" not in (output := (await inside.desktop.bash(renderers)).output):
            pass
    lines = [line.split(":") for line in output.splitlines() if ":" in line]
    assert {len(value.split()) for name, value in lines if name == "NSpid"} == {3}
    assert {value.strip() for name, value in lines if name == "Seccomp_filters"} == {"2"}


async def test_a_server_that_is_killed_comes_back_and_the_desktop_goes_on(own: Inside) -> None:
    await own.desktop.bash("remembered=yes")
    await own.run(f"kill -KILL {await own.pid(SERVER)}", "control")
    assert "up" in await own.until_answer("echo up")
    assert not own.lost.is_set()


async def test_an_x_server_that_is_killed_comes_back_with_its_session(own: Inside) -> None:
    before = await own.pid(XVNC)
    await own.run(f"kill -KILL {before}", "display")
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(HarnessError):
                await own.desktop.screenshot()
                await own.desktop.launch("xterm")
                await own.desktop.wait_for_window(window_class="xterm")
                break
    assert await own.pid(XVNC) != before


async def test_all_programs_of_the_user_may_die_and_the_shell_works_again(own: Inside) -> None:
    await own.run("kill -KILL -1")
    assert "up" in await own.until_answer("echo up")


async def test_a_server_that_is_stopped_goes_on(own: Inside) -> None:
    await own.run(f"kill -STOP {await own.pid(SERVER)}", "control")
    assert await own.until_answer("echo on") == "on\n"


async def test_a_sandbox_without_an_owner_is_gone_when_its_lease_is_over() -> None:
    engine = await Engine.open()
    name = f"harness-test-{uuid4().hex[:12]}"
    try:
        found = await engine.run(image.lookup)
        await engine.create(name, limits.settings(SandboxSpec(lease=5), found.name, {}))
        await engine.start(name)
        await engine.run(lambda client: client.containers.get(name).wait(condition="removed", timeout=60))
    finally:
        await engine.remove(name)
        await engine.aclose()
