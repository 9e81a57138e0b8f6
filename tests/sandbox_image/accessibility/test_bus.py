"""Calls over the accessibility bus, to programs that answer and that do not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from sandbox_image.accessibility import nodes
from sandbox_image.accessibility.bus import ACCESSIBLE, ROOT, Bus, Gone, Ref, Silent, Unfit
from sandbox_image.channel import Fault

if TYPE_CHECKING:
    from tests.support.accessible import TellingProgram

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize("text", [":1.2/34", ":1.2/root", ":1.2/org/gtk/window/1"])
def test_a_reference_is_read_as_it_is_written(text: str) -> None:
    assert str(Ref.parse(text)) == text
    assert Ref.parse(text).path.startswith("/org/")


@pytest.mark.x11
async def test_what_is_no_more_is_told_as_gone(bus: Bus, teller: TellingProgram) -> None:
    assert await nodes.name(bus, teller.ref("window")) == "Window"
    for ref in (teller.ref("other"), Ref(":1.9999", ROOT.path)):
        with pytest.raises(Gone, match="find it again"):
            await nodes.name(bus, ref)
    teller.close()
    with pytest.raises(Gone):
        await nodes.name(bus, teller.ref("window"))


@pytest.mark.x11
async def test_what_a_node_cannot_do_is_told_with_the_programs_words(bus: Bus) -> None:
    with pytest.raises(Unfit, match="refused GetNothing"):
        await bus.call(ROOT, ACCESSIBLE, "GetNothing")


@pytest.mark.x11
async def test_a_program_that_is_stopped_is_silent_and_not_for_ever(bus: Bus, start: Start) -> None:
    async with bus.news() as changed:
        process = start("mousepad", "--disable-server")
        program = await _joined(bus, process.pid, changed)
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(Silent, match="did not answer within"):
        await nodes.name(bus, program)
    process.send_signal(signal.SIGCONT)
    assert await nodes.name(bus, program) == "mousepad"


@pytest.mark.x11
async def test_news_comes_while_somebody_listens(bus: Bus, teller: TellingProgram) -> None:
    async with bus.news() as changed, asyncio.timeout(20):
        for _ in range(2):
            changed.clear()
            await teller.say()
            await changed.wait()


@pytest.mark.x11
async def test_the_bus_knows_the_process_of_a_node(bus: Bus, teller: TellingProgram) -> None:
    assert await bus.pid(teller.ref("root")) == os.getpid()


async def test_a_session_without_a_bus_is_a_fault_that_says_what_else_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
    with pytest.raises(Fault, match="look at pictures") as caught:
        await Bus.connect()
    assert caught.value.code == "accessibility_failed"


async def _joined(bus: Bus, pid: int, changed: asyncio.Event) -> Ref:
    """The program of a process, once it is there."""
    async with asyncio.timeout(20):
        while True:
            changed.clear()
            for told in await bus.call(ROOT, ACCESSIBLE, "GetChildren"):
                if await bus.pid(Ref(*told)) == pid:
                    return Ref(*told)
            await changed.wait()
