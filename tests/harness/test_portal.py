"""The loop behind blocking code: what goes through it comes out as it went in, and nothing stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress

import pytest

from harness.errors import SandboxLost, UsageError
from harness.portal import Portal, shared


@pytest.fixture
def portal() -> Iterator[Portal]:
    with shared() as portal:
        yield portal


class Recorded:
    """Work that writes down what becomes of it, and says when it is under way."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.tasks: set[object] = set()
        self.under_way = threading.Event()

    async def forever(self) -> None:
        self.under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # an end takes a turn of the loop
            self.seen.append("ended")

    async def count(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            self.seen.append("closed")

    @asynccontextmanager
    async def manager(self) -> AsyncIterator[str]:
        self.tasks.add(asyncio.current_task())
        try:
            yield "value"
        except BaseException as error:
            self.seen.append(type(error).__name__)
            raise
        finally:
            self.tasks.add(asyncio.current_task())
            self.seen.append("left")


def interrupt_when(under_way: threading.Event) -> threading.Thread:
    """Press Ctrl-C once something is under way."""

    def press() -> None:
        under_way.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "harness"]


async def answer() -> int:
    return 42


def test_a_call_returns_what_the_coroutine_returns_and_raises_what_it_raises(portal: Portal) -> None:
    async def fail() -> None:
        raise KeyError("found")

    assert portal.call(answer()) == 42
    with pytest.raises(KeyError, match="found"):
        portal.call(fail())


def test_all_blocks_share_one_thread_which_ends_with_the_last() -> None:
    with shared() as outer:
        with shared() as inner:
            assert inner is outer
            assert len(ours()) == 1
        assert outer.call(answer()) == 42
    assert ours() == []


def test_threads_use_it_side_by_side(portal: Portal) -> None:
    barrier = asyncio.Barrier(4)

    async def meet(number: int) -> int:
        await barrier.wait()
        return number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda number: portal.call(meet(number)), range(4))) == [0, 1, 2, 3]


def test_a_stream_is_closed_when_it_ended_and_when_nobody_wants_the_rest(portal: Portal) -> None:
    recorded = Recorded()
    assert list(portal.iterate(recorded.count())) == [0, 1, 2]
    assert recorded.seen == ["closed"]
    stream = portal.iterate(recorded.count())
    assert next(stream) == 0
    del stream
    assert recorded.seen == ["closed", "closed"]


def test_a_context_manager_is_entered_and_left_by_one_task(portal: Portal) -> None:
    recorded = Recorded()
    with portal.entered(recorded.manager()) as value:
        assert (value, recorded.seen) == ("value", [])
    assert recorded.seen == ["left"]
    assert len(recorded.tasks) == 1


def test_a_context_manager_sees_the_error_of_its_block_and_may_swallow_it(portal: Portal) -> None:
    recorded = Recorded()
    with pytest.raises(KeyError, match="mine"), portal.entered(recorded.manager()):
        raise KeyError("mine")
    assert recorded.seen == ["KeyError", "left"]

    @asynccontextmanager
    async def forgiving() -> AsyncIterator[None]:
        with suppress(KeyError):
            yield

    with portal.entered(forgiving()):
        raise KeyError


def test_a_context_manager_that_cannot_be_entered_says_why(portal: Portal) -> None:
    recorded = Recorded()

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        if recorded.seen == []:
            raise SandboxLost("never came up")
        yield

    with pytest.raises(SandboxLost, match="never came up"), portal.entered(failing()):
        pytest.fail("the block was entered")


def test_ctrl_c_ends_the_work_before_it_goes_on_and_leaves_the_portal_usable(portal: Portal) -> None:
    recorded = Recorded()
    thread = interrupt_when(recorded.under_way)
    with pytest.raises(KeyboardInterrupt):
        portal.call(recorded.forever())
    assert recorded.seen == ["ended"]
    assert portal.call(answer()) == 42
    thread.join()


def test_ctrl_c_in_a_block_is_a_cancellation_for_its_context_manager(portal: Portal) -> None:
    recorded = Recorded()
    with pytest.raises(KeyboardInterrupt), portal.entered(recorded.manager()):
        raise KeyboardInterrupt
    assert recorded.seen == ["CancelledError", "left"]


def test_ctrl_c_while_a_context_manager_is_entered_takes_back_what_was_done(portal: Portal) -> None:
    recorded = Recorded()

    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        async with recorded.manager():
            await recorded.forever()
            yield

    thread = interrupt_when(recorded.under_way)
    with pytest.raises(KeyboardInterrupt), portal.entered(slow()):
        pytest.fail("the block was entered")
    assert recorded.seen == ["ended", "CancelledError", "left"]
    thread.join()


def test_what_another_thread_waits_for_ends_with_the_portal() -> None:
    recorded = Recorded()
    with ThreadPoolExecutor(1) as pool:
        with shared() as portal:
            waiting = pool.submit(portal.call, recorded.forever())
            recorded.under_way.wait()
        with pytest.raises(SandboxLost, match="closed"):
            waiting.result()
    assert recorded.seen == ["ended"]


def test_after_its_last_block_it_says_that_it_is_closed() -> None:
    with shared() as portal:
        pass
    with pytest.raises(SandboxLost, match="block that opened it was left"):
        portal.call(answer())


async def test_inside_a_running_event_loop_it_names_the_asynchronous_way(portal: Portal) -> None:
    with pytest.raises(UsageError, match=r"async with harness\.sandbox"):
        portal.call(answer())


PROGRAM = """
import os, sys
from contextlib import ExitStack, asynccontextmanager
from harness.errors import UsageError
from harness.portal import shared

async def answer():
    return 42

@asynccontextmanager
async def held():
    yield
    print("left by", os.getpid() == parent, flush=True)

parent = os.getpid()
stack = ExitStack()
portal = stack.enter_context(shared())
stack.enter_context(portal.entered(held()))
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM + program],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_forked_child_is_told_so_leaves_the_parents_work_alone_and_may_have_a_portal_of_its_own() -> None:
    said = run("""
if os.fork() == 0:
    try:
        portal.call(answer())
    except UsageError as error:
        print(f"{parent}, which forked this one" in str(error), flush=True)
    with shared() as own:
        print(own is not portal, own.call(answer()), flush=True)
    try:
        stack.close()
    except UsageError:
        print("not mine", flush=True)
    os._exit(0)
os.wait()
stack.close()
""")
    assert said == "True\nTrue 42\nnot mine\nleft by True\n"


def test_a_program_that_never_leaves_its_block_ends_all_the_same() -> None:
    assert run("print(portal.call(answer()))") == "42\n"


def test_a_stack_of_blocks_may_be_left_in_any_order() -> None:
    with ExitStack() as first, ExitStack() as second:
        kept = first.enter_context(shared())
        second.enter_context(shared())
        first.close()
        assert kept.call(answer()) == 42
    assert ours() == []
