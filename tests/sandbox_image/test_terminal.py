"""A terminal, without a shell session around it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox_image.channel import Fault
from sandbox_image.terminal import Terminal


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


async def ran(command: str, columns: int = 80, rows: int = 24) -> tuple[bytes, int | None]:
    came: list[bytes] = []
    terminal = Terminal(columns, rows, came.append)
    process = await asyncio.create_subprocess_exec("bash", "-c", terminal.around(command))
    code = await process.wait()
    await terminal.close()
    return b"".join(came), code


async def test_a_program_has_it_as_its_controlling_terminal() -> None:
    output, code = await ran("echo 'a b' $(stty size) >/dev/tty; exit 3", columns=120, rows=40)
    assert (output, code) == (b"a b 40 120\r\n", 3)


async def test_the_last_output_comes_before_it_is_closed() -> None:
    output, _ = await ran("seq 50000")
    assert output.split() == [b"%d" % number for number in range(1, 50_001)]


async def test_what_is_typed_and_never_read_is_bounded() -> None:
    terminal = Terminal(80, 24, lambda _: None)
    terminal.type(b"x" * 600_000)
    with pytest.raises(Fault, match="let it read them"):
        terminal.type(b"x" * 600_000)
    await terminal.close()


async def test_closing_it_leaves_no_descriptor() -> None:
    before = descriptors()
    terminal = Terminal(80, 24, lambda _: None)
    await terminal.close()
    assert descriptors() == before
