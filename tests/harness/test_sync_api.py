"""The blocking Desktop: every method of the asynchronous one, the same types, and nothing left behind."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Protocol, assert_type

import pytest

import harness
from harness import sync_api
from harness.errors import UsageError
from harness.portal import shared
from harness.sandbox.desktop import Place, ReadBack, Screenshot, ShellResult
from harness.testing import FakeDesktop
from sandbox_image.wire import Button, Effect, Settle, Size, Window
from tests.support.sandboxes import Leftovers

PUBLIC = [name for name in dir(harness.Desktop) if not name.startswith("_")]


# --- the same methods ---------------------------------------------------------------------------------------------


def test_every_method_of_the_asynchronous_desktop_is_there_and_is_that_very_one() -> None:
    missing = [name for name in PUBLIC if not hasattr(sync_api.Desktop, name)]
    lines = "".join(f"\n    {name} = blocking(Async.{name})" for name in missing)
    assert not missing, f"harness/sync_api.py lacks in class Desktop:{lines}"
    for name in PUBLIC:
        theirs, ours = inspect.getattr_static(harness.Desktop, name), inspect.getattr_static(sync_api.Desktop, name)
        if not isinstance(theirs, property):
            assert ours.__wrapped__ is theirs, f"{name} wraps another method"


def test_the_blocking_desktop_has_nothing_the_asynchronous_one_lacks() -> None:
    assert [name for name in dir(sync_api.Desktop) if not name.startswith("_") and name not in PUBLIC] == []


def test_opening_takes_what_the_asynchronous_opening_takes() -> None:
    assert inspect.signature(sync_api.sandbox).parameters == inspect.signature(harness.sandbox).parameters


def test_help_shows_parameters_defaults_result_and_docstring() -> None:
    shown = inspect.signature(sync_api.Desktop.click)
    assert shown.parameters == inspect.signature(harness.Desktop.click).parameters
    assert shown.return_annotation == "Effect"
    assert sync_api.Desktop.click.__doc__ == harness.Desktop.click.__doc__
    assert not inspect.iscoroutinefunction(sync_api.Desktop.click)


# --- the same types: the type checker reads this, and would complain of an ignore that is not needed ---------------


class ClickMethod(Protocol):
    def __call__(
        self, at: Place | None = None, *, button: Button = "left", count: int = 1, settle: Settle = ...
    ) -> Effect: ...


class DragMethod(Protocol):
    def __call__(self, *path: Place, button: Button = "left", settle: Settle = ...) -> Effect: ...


def types(desktop: sync_api.Desktop) -> None:
    click: ClickMethod = desktop.click
    drag: DragMethod = desktop.drag
    assert_type(desktop.screen, Size)
    assert_type(desktop.click((1, 2), button="right"), Effect)
    assert_type(desktop.screenshot(), Screenshot)
    assert_type(desktop.bash("true"), ShellResult)
    assert_type(desktop.wait_for_window("title", timeout=1), Window)
    assert_type(desktop.windows(), tuple[Window, ...])
    assert_type(desktop.type("text"), Effect)
    assert_type(desktop.type("text", read_back=True), ReadBack)
    assert_type(sync_api.sandbox().__enter__(), sync_api.Desktop)
    desktop.click("nowhere")  # type: ignore[arg-type]
    desktop.click((1, 2), buton="left")  # type: ignore[call-arg]
    desktop.bash()  # type: ignore[call-arg]
    desktop.click = drag  # type: ignore[method-assign,assignment]
    del click


class Streams(harness.Desktop):
    """Kinds of method that give more than one value."""

    async def numbers(self, count: int, *, start: int = 0) -> AsyncGenerator[int]:
        for number in range(start, start + count):
            yield number

    @asynccontextmanager
    async def words(self, *words: str) -> AsyncIterator[AsyncIterator[str]]:
        async def said() -> AsyncIterator[str]:
            for word in words:
                yield word

        yield said()

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[str]:
        yield key.upper()


class BlockingStreams(sync_api.Desktop):
    numbers = sync_api.blocking(Streams.numbers)
    words = sync_api.blocking(Streams.words)
    held = sync_api.blocking(Streams.held)


def test_streams_become_iterators_and_context_managers_plain_ones() -> None:
    fake = FakeDesktop()
    with shared() as portal:
        desktop = BlockingStreams(portal, Streams(fake.guest, fake.screen))
        assert list(assert_type(desktop.numbers(2, start=5), Generator[int])) == [5, 6]
        with assert_type(desktop.words("a", "b"), AbstractContextManager[Iterator[str]]) as words:
            assert list(words) == ["a", "b"]
        with assert_type(desktop.held("ctrl"), AbstractContextManager[str]) as key:
            assert key == "CTRL"
    assert inspect.signature(BlockingStreams.numbers).return_annotation == "Generator[int]"


# --- real sandboxes -----------------------------------------------------------------------------------------------


async def test_inside_a_running_event_loop_nothing_is_started_and_the_asynchronous_way_is_named() -> None:
    with pytest.raises(UsageError, match=r"async with harness\.sandbox"), sync_api.sandbox():
        pytest.fail("the block was entered")


@pytest.mark.container
def test_a_sandbox_works_and_is_gone_after_its_block(leftovers: Leftovers) -> None:
    with sync_api.sandbox(screen="640x480") as desktop:
        assert desktop.screen == Size(width=640, height=480)
        desktop.put(b"Hello", "note.txt")
        assert desktop.bash("cat note.txt").output == "Hello"
        assert desktop.screenshot().size == desktop.screen
    assert leftovers.nothing()


@pytest.mark.container
def test_ctrl_c_ends_the_command_in_the_sandbox_and_the_desktop_goes_on(leftovers: Leftovers) -> None:
    with sync_api.sandbox() as desktop:

        def interrupt_when_it_sleeps() -> None:
            desktop.bash("until pgrep -x sleep; do :; done", session="watch")
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt_when_it_sleeps)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            desktop.bash("sleep 1000", timeout=1000)
        thread.join()
        assert desktop.bash("pgrep -x sleep", session="watch").exit_code == 1
    assert leftovers.nothing()


PROGRAM = """
from harness.sync_api import sandbox
with sandbox(lease=5) as outer, sandbox(lease=5) as desktop:
    try:
        print("up", flush=True)
        desktop.bash("sleep 1000", timeout=1000)
    finally:
        print("ended", flush=True)
"""


def end(number: signal.Signals) -> tuple[int, str]:
    """Start a program that has sandboxes open, and send it a signal; how it ended, and what it still said."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"up\n", process.stderr.read().decode()
        process.send_signal(number)
        said = process.stdout.read().decode()
        process.stderr.read()
        return process.wait(30), said


@pytest.mark.container
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_asked_to_end_removes_its_sandboxes_first(
    number: signal.Signals, leftovers: Leftovers
) -> None:
    assert end(number) == (-number, "ended\n")
    assert leftovers.nothing()


@pytest.mark.container
def test_a_killed_program_leaves_its_sandboxes_to_their_lease(leftovers: Leftovers) -> None:
    assert end(signal.SIGKILL) == (-signal.SIGKILL, "")
    leftovers.wait_until_gone()
    assert leftovers.containers() == []
