"""The helper's process: answers one request after the other on the channel that the worker gave it.

It is a process of its own so that what programs answer, however much it is, never holds the worker up. It ends with
its channel.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sandbox_image.accessibility import nodes
from sandbox_image.accessibility.bus import Bus, Ref, Unfit
from sandbox_image.accessibility.link import HELPER_FD
from sandbox_image.accessibility.looking import NONSENSE, Look
from sandbox_image.accessibility.wanted import Wanted
from sandbox_image.channel import Channel, Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Request = dict[str, Any]  # one of wire's messages, checked by the server
EVERYWHERE = {"app": None, "window": None, "pid": None, "hidden": False}
LOOK_AGAIN = 1.0
"""Seconds after which a wait looks again although no program told of a change: not all changes are told."""
SOON = 0.05
"""The same where a window is about to come on the screen, of which no program tells either."""
_FOCUS_TEXT = 100_000  # characters of what has the focus that are read


async def answer(bus: Bus, request: Request) -> dict[str, Any]:
    """Do what a request asks; its result as the wire has it. Raises Fault."""
    try:
        return await _WORK[request["kind"]](bus, request)
    except NONSENSE as error:
        traceback.print_exc()
        raise Fault("accessibility_failed", f"the program told of its nodes what makes no sense: {error!r}") from None


async def _tree(bus: Bus, request: Request) -> dict[str, Any]:
    look = Look(bus, request["scope"])
    top = Ref.parse(request["node"]) if request["node"] else None
    told = await look.tree(top, request["depth"], request["limit"])
    return {"kind": "node_tree", "nodes": told, "silent": look.silent}


async def _find(bus: Bus, request: Request) -> dict[str, Any]:
    look = Look(bus, request["scope"])
    wanted = Wanted.of(request["query"], hidden=request["scope"]["hidden"])
    found, more = await look.find(wanted, request["limit"], quick=request["quick"])
    return {"kind": "nodes_found", "nodes": found, "more": more, "silent": look.silent}


async def _wait(bus: Bus, request: Request) -> dict[str, Any]:
    clock = asyncio.get_running_loop().time
    end = clock() + request["timeout_ms"] / 1000
    wanted = Wanted.of(request["query"], hidden=request["scope"]["hidden"])
    async with bus.news() as changed:
        while True:
            changed.clear()
            look = Look(bus, request["scope"])
            found, _ = await look.find(wanted, 1)
            if found:
                return {"kind": "node_found", "node": found[0]}
            if (left := end - clock()) <= 0:
                raise _missing(look, request)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, SOON if look.early else LOOK_AGAIN)):
                    await changed.wait()


def _missing(look: Look, request: Request) -> Fault:
    given = {key: value for part in ("query", "scope") for key, value in request[part].items() if value}
    heard = ", ".join(map(repr, look.names)) or "none"
    silent = f"; without an answer: {', '.join(look.silent)}" if look.silent else ""
    message = f"no node with {given} within {request['timeout_ms']} ms; programs that tell their nodes: {heard}{silent}"
    return Fault("no_such_node", message)


async def _read(bus: Bus, request: Request) -> dict[str, Any]:
    told = await nodes.text(bus, Ref.parse(request["node"]), request["start"], request["limit"])
    return {"kind": "node_text", **told._asdict()}


async def _focus(bus: Bus, request: Request) -> dict[str, Any]:
    look = Look(bus, {**EVERYWHERE, "pid": request["pid"]})
    ref = await look.focused()
    if ref is None:
        return {"kind": "node_focus", "node": None, "text": None}
    text = None
    with suppress(Unfit):
        text = {"kind": "node_text", **(await nodes.text(bus, ref, 0, _FOCUS_TEXT))._asdict()}
    return {"kind": "node_focus", "node": await look.read(ref), "text": text}


def _done(work: Callable[[Bus, Ref, Request], Awaitable[None]]) -> Callable[[Bus, Request], Awaitable[dict[str, Any]]]:
    """Something that is done with a node and has nothing to tell."""

    async def do(bus: Bus, request: Request) -> dict[str, Any]:
        await work(bus, Ref.parse(request["node"]), request)
        return {"kind": "done"}

    return do


_WORK: dict[str, Callable[[Bus, Request], Awaitable[dict[str, Any]]]] = {
    "read_tree": _tree,
    "find_nodes": _find,
    "wait_node": _wait,
    "read_node": _read,
    "read_focus": _focus,
    "focus_node": _done(lambda bus, ref, _: nodes.focus(bus, ref)),
    "act_on_node": _done(lambda bus, ref, request: nodes.act(bus, ref, request["action"])),
    "set_node_text": _done(lambda bus, ref, request: nodes.set_text(bus, ref, request["text"])),
    "set_node_value": _done(lambda bus, ref, request: nodes.set_value(bus, ref, request["value"])),
}


async def run(end: socket.socket) -> None:
    """Answer until the worker goes away."""
    channel = await Channel.open(end)
    bus: Bus | None = None
    while frame := await channel.read():
        try:
            if bus is None or not bus.connected:
                bus = await Bus.connect()
            told = await answer(bus, json.loads(frame.body))
        except Fault as fault:
            told = {"kind": "failure", "code": fault.code, "message": str(fault)}
        channel.write(Kind.MESSAGE, json.dumps(told).encode())


def main() -> None:
    """Run as the worker starts it."""
    if HELPER_FD not in os.environ:
        sys.exit(f"the accessibility helper is started by the worker, which names its socket in {HELPER_FD}")
    asyncio.run(run(socket.socket(fileno=int(os.environ.pop(HELPER_FD)))))


if __name__ == "__main__":
    main()
