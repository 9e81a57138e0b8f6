"""Windows that their programs show and the window manager has not put anywhere yet."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox_image.wire import FindNodes, NodeQuery, NodeScope, WaitNode

if TYPE_CHECKING:
    from sandbox_image.accessibility.bus import Bus

MENU = NodeQuery(role="menu", name="File")


@pytest.mark.x11
@pytest.mark.parametrize("program", [("mousepad", "--disable-server"), ("pcmanfm",), ("lxterminal",)])
async def test_a_node_is_found_when_its_window_is_on_the_screen(
    program: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox_image.accessibility.bus import Bus  # noqa: PLC0415 - needs the image
    from sandbox_image.accessibility.helper import answer  # noqa: PLC0415 - the same
    from tests.support.accessible import session  # noqa: PLC0415 - the same
    from tests.support.xserver import await_manager, running, x_server  # noqa: PLC0415 - the same

    async def found(bus: Bus, *, hidden: bool = False) -> list[dict[str, Any]]:
        told = await answer(bus, FindNodes(scope=NodeScope(hidden=hidden), query=MENU).model_dump())
        nodes: list[dict[str, Any]] = told["nodes"]
        return nodes

    with x_server() as (display, _), running("openbox", display=display) as manager, session(display, tmp_path) as env:
        await_manager(display)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        manager.send_signal(signal.SIGSTOP)
        bus, other = await Bus.connect(), await Bus.connect()
        with running(*program, display=display):
            told = WaitNode(scope=NodeScope(hidden=True), query=MENU).model_dump()
            assert (await answer(bus, told))["node"]["box"]["x"] == 0
            waiting = asyncio.create_task(answer(bus, WaitNode(query=MENU).model_dump()))
            assert await found(other) == []
            manager.send_signal(signal.SIGCONT)
            node = (await waiting)["node"]
            assert node["box"]["x"] > 100
            assert await found(other) == [node]
        for one in (bus, other):
            one.close()
