from __future__ import annotations

import os
import secrets
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sandbox_image.procfs import MARK, Family, children, kill, members, owner, strays, table, ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def mark() -> str:
    return f"{owner()}.{secrets.token_hex(4)}.main"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs that have begun when it returns: each prints a line first."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(script: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["/bin/bash", "-c", script],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout
        process.stdout.readline()
        return process

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_the_table_holds_this_process_and_no_zombie(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    ended = start("echo; exit")
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    living = table()
    assert living[os.getpid()].parent == os.getppid()
    assert ended.pid not in living


def test_a_process_is_known_by_its_mark_whoever_its_parent_is(
    mark: str, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    ours = start("echo; exec sleep 1000", **{MARK: f"{mark}:4"})
    start("echo; exec sleep 1000", **{MARK: f"{mark}2:4"})
    start("echo; exec sleep 1000")
    assert members(Family(mark, -1, 4, 0), all_commands=False) == {ours.pid}
    assert members(Family(mark, -1, 5, 0), all_commands=False) == set()
    assert members(Family(mark, -1, 5, 0), all_commands=True) == {ours.pid}


def test_what_tells_no_command_belongs_to_the_one_that_ran_when_it_was_forked(
    mark: str, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    bash = start("(env -i sleep 1000 & sleep 1000) & echo; wait", **{MARK: f"{mark}:"})
    inside = {pid for pid, process in table().items() if process.session == bash.pid} - {bash.pid}
    began = table()[bash.pid].started
    now = Family(mark, bash.pid, 2, began)
    assert inside <= members(now, all_commands=False)
    assert members(now._replace(earlier=children(bash.pid)), all_commands=False) == set()
    assert members(now._replace(began=ticks() + 1000), all_commands=False) == set()


def test_the_children_of_a_process_are_listed(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = start("sleep 1000 & echo; wait")
    assert len(children(process.pid)) == 1
    assert process.pid in children(os.getpid()) or not children(os.getpid())


async def test_killing_goes_on_until_nobody_is_found(mark: str, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    started = [start("trap '' TERM INT; echo; while :; do sleep 1; done", **{MARK: f"{mark}:1"}) for _ in range(3)]
    family = Family(mark, -1, 1, 0)
    await kill(lambda: members(family, all_commands=True))
    assert members(family, all_commands=True) == set()
    assert [process.wait(30) for process in started] == [-signal.SIGKILL] * 3


async def test_killing_nobody_or_the_dead_is_no_error() -> None:
    found = iter([{2**22 - 1}, set[int]()])
    await kill(lambda: next(found))


def test_strays_are_those_whose_owner_is_gone(start: Callable[..., subprocess.Popen[bytes]]) -> None:
    gone = start("echo; exit")
    gone.wait(30)
    namespace = owner().partition("-")[0]
    stray = start("echo; exec sleep 1000", **{MARK: f"{namespace}-{gone.pid}.aa.main:1"})
    start("echo; exec sleep 1000", **{MARK: f"{namespace}-{os.getpid()}.aa.main:1"})
    start("echo; exec sleep 1000", **{MARK: f"1-{gone.pid}.aa.main:1"})
    assert stray.pid in strays(owner())
    assert not strays(owner()) & (children(os.getpid()) - {stray.pid})
