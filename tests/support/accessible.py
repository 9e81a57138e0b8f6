"""A session with an accessibility bus, and a program on it that tells whatever a test wants."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from sandbox_image.accessibility.bus import ACCESSIBLE, ACTION, COMPONENT, ROOT, TEXT, VALUE, Ref
from sandbox_image.accessibility.nodes import STATES

SHOWING = ("showing", "visible")


@contextmanager
def session(display: str, folder: Path) -> Iterator[dict[str, str]]:
    """A session bus for as long as the block runs: the environment of its programs."""
    folder.chmod(0o700)
    environment = {**os.environ, "DISPLAY": display, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            yield {**environment, "DBUS_SESSION_BUS_ADDRESS": daemon.stdout.readline().strip()}
        finally:
            daemon.kill()


@dataclass
class Told:
    """What one node of the program says."""

    name: str = ""
    role: str = "panel"
    states: tuple[str, ...] = SHOWING
    children: list[str] = field(default_factory=list)
    text: str | None = None
    selection: tuple[int, int] | None = None
    value: float | None = None
    actions: tuple[str, ...] = ()
    box: tuple[int, int, int, int] = (10, 20, 30, 40)

    @property
    def faces(self) -> list[str]:
        """The interfaces it has: no Collection, so that it has to be walked through."""
        some = ((TEXT, self.text is not None), (VALUE, self.value is not None), (ACTION, bool(self.actions)))
        return [ACCESSIBLE, COMPONENT, *(face for face, there in some if there)]


class TellingProgram:
    """A program on the accessibility bus. `nodes` are its nodes by path; `root` and `window` are there.

    What it answers is taken from `lies` first, by member: a signature and a body. `done` is what it was asked to do.
    """

    def __init__(self, connection: MessageBus) -> None:
        self._connection = connection
        self.nodes = {"root": Told("teller", "application", children=["window"]), "window": Told("Window", "frame")}
        self.lies: dict[str, tuple[str, list[Any]]] = {}
        self.done: list[tuple[Any, ...]] = []

    @classmethod
    async def start(cls) -> TellingProgram:
        """Join the bus that the environment's session has."""
        session = await MessageBus(bus_type=BusType.SESSION).connect()
        bus = Ref("org.a11y.Bus", "/org/a11y/bus")
        address = (await _ask(session, bus, "org.a11y.Bus", "GetAddress"))[0]
        session.disconnect()
        program = cls(await MessageBus(bus_address=address).connect())
        program._connection.add_message_handler(program._answer)
        await _ask(program._connection, ROOT, "org.a11y.atspi.Socket", "Embed", "(so)", list(program.ref("root")))
        return program

    def ref(self, path: str) -> Ref:
        """One of its nodes."""
        return Ref(self._connection.unique_name or "", f"/org/a11y/atspi/accessible/{path}")

    def add(self, path: str, told: Told, parent: str = "window") -> Ref:
        """One more node."""
        self.nodes[path] = told
        self.nodes[parent].children.append(path)
        return self.ref(path)

    async def say(self) -> None:
        """Tell whoever listens that something changed."""
        path = self.ref("window").path
        event = Message.new_signal(
            path, "org.a11y.atspi.Event.Object", "ChildrenChanged", "siiv(so)",
            ["add", 0, 0, Variant("i", 0), list(self.ref("window"))],
        )  # fmt: skip
        await self._connection.send(event)

    def close(self) -> None:
        """Leave the bus."""
        self._connection.disconnect()

    def _answer(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL or not message.path:
            return None
        node = self.nodes.get(message.path.rpartition("/")[2])
        if node is None:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", "there is no such node")
        told = self.lies.get(message.member or "") or self._told(node, message.member or "", message.body)
        return Message.new_method_return(message, *told)

    def _told(self, node: Told, member: str, body: list[Any]) -> tuple[str, list[Any]]:
        bits = sum(1 << STATES.index(state) for state in node.states)
        answers: dict[str, tuple[str, Callable[[], Any]]] = {
            "Get": ("v", lambda: _property(node, body[1])),
            "GetRoleName": ("s", lambda: node.role),
            "GetState": ("au", lambda: [bits & 0xFFFF_FFFF, bits >> 32]),
            "GetInterfaces": ("as", lambda: node.faces),
            "GetChildren": ("a(so)", lambda: [list(self.ref(child)) for child in node.children]),
            "GetChildAtIndex": ("(so)", lambda: list(self.ref(node.children[body[0]]))),
            "GetExtents": ("(iiii)", lambda: list(node.box)),
            "GetName": ("s", lambda: node.actions[body[0]]),
            "GetText": ("s", lambda: (node.text or "")[body[0] : body[1]]),
            "GetNSelections": ("i", lambda: int(node.selection is not None)),
        }
        if member in answers:
            signature, answer = answers[member]
            return signature, [answer()]
        if member == "GetSelection" and node.selection:
            return "ii", [*node.selection]
        if body[:1] == ["org.a11y.atspi.Application"]:  # the registry gives every program a number
            return "", []
        self.done.append((member, *(getattr(one, "value", one) for one in body)))
        return ("", []) if member == "Set" else ("b", [True])


def _property(node: Told, name: str) -> Variant:
    length = len(node.text or "")
    told = {
        "ChildCount": Variant("i", len(node.children)),
        "NActions": Variant("i", len(node.actions)),
        "CharacterCount": Variant("i", length),
        "CaretOffset": Variant("i", length),
        "MinimumValue": Variant("d", 0.0),
        "MaximumValue": Variant("d", 10.0),
        "CurrentValue": Variant("d", node.value or 0.0),
    }
    return told.get(name, Variant("s", node.name if name == "Name" else ""))


async def _ask(connection: MessageBus, ref: Ref, interface: str, member: str, signature: str = "", *body: Any) -> Any:
    message = Message(ref.program, ref.path, interface, member, signature=signature, body=list(body))
    async with asyncio.timeout(20):
        reply = await connection.call(message)
    assert reply.message_type is MessageType.METHOD_RETURN, reply.body
    return reply.body
