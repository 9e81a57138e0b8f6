"""The accessibility bus: calls to programs that may be gone, busy or stopped, and news of what changes in them.

Programs find this bus by themselves when they start: D-Bus starts it with the first that asks. Each call has a time
limit, so a program that does not answer costs that and no more.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from sandbox_image.channel import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ACCESSIBLE, APPLICATION, COMPONENT, ACTION, COLLECTION = (
    f"org.a11y.atspi.{name}" for name in ("Accessible", "Application", "Component", "Action", "Collection")
)
TEXT, EDITABLE, VALUE = (f"org.a11y.atspi.{name}" for name in ("Text", "EditableText", "Value"))
PATIENCE = 2.0
"""Seconds a program may take to answer one call."""
_JOINING, _LONGEST_JOINING = 0.2, 2.0  # seconds without news after which all have joined who will, and at most
_AT_ONCE = 32
"""Calls to one program at the same time; the connection breaks where more are sent than its socket takes."""
_PROPERTIES = "org.freedesktop.DBus.Properties"
_NODES = "/org/a11y/atspi/accessible"
_EVENTS = ("object:state-changed", "object:children-changed", "object:property-change", "object:text-changed", "window")
_GONE = {
    f"org.freedesktop.DBus.Error.{name}"
    for name in ("ServiceUnknown", "NameHasNoOwner", "UnknownObject", "NoReply", "Disconnected")
}


class Gone(Fault):
    """The node is no more."""

    def __init__(self, ref: Ref) -> None:
        super().__init__("no_such_node", f"node {ref} is gone: what it stood for was closed or replaced; find it again")


class Silent(Fault):
    """The program does not answer."""

    def __init__(self, ref: Ref) -> None:
        message = (
            f"the program of node {ref} did not answer within {PATIENCE:g} s; what was asked for may have happened"
        )
        super().__init__("accessibility_failed", message)


class Unfit(Fault):
    """The node is there and refuses, or cannot do this."""

    def __init__(self, message: str) -> None:
        super().__init__("node_refused", message)


class Ref(NamedTuple):
    """A node: the connection of its program, never used again for another, and its path there."""

    program: str
    path: str

    def __str__(self) -> str:
        return self.program + self.path.removeprefix(_NODES)

    @classmethod
    def parse(cls, text: str) -> Ref:
        """From how it is written."""
        program, _, rest = text.partition("/")
        return cls(program, f"/{rest}" if rest.startswith("org/") else f"{_NODES}/{rest}")


ROOT = Ref("org.a11y.atspi.Registry", f"{_NODES}/root")
_STATUS = Ref("org.a11y.Bus", "/org/a11y/bus")
_REGISTRY = Ref(ROOT.program, "/org/a11y/atspi/registry")
_DAEMON = Ref("org.freedesktop.DBus", "/org/freedesktop/DBus")


class Bus:
    """A connection to the accessibility bus."""

    def __init__(self, connection: MessageBus) -> None:
        self._connection = connection
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))

    @classmethod
    async def connect(cls) -> Bus:
        """Find the bus; the first time, call those who come only when they are called, as programs of Qt do."""
        try:
            session = cls(await MessageBus(bus_type=BusType.SESSION).connect())
            try:
                address = await session.call(_STATUS, _STATUS.program, "GetAddress")
                bus = cls(await MessageBus(bus_address=address).connect())
                if not await session.get(_STATUS, "org.a11y.Status", "IsEnabled"):
                    await bus._call_in(session)
            finally:
                session.close()
        except (Fault, OSError, EOFError, ValueError) as error:
            message = f"the desktop has no accessibility bus ({error}); look at pictures and text on the screen instead"
            raise Fault("accessibility_failed", message) from None
        return bus

    def close(self) -> None:
        """Leave the bus."""
        self._connection.disconnect()

    @property
    def connected(self) -> bool:
        """Whether the bus is still there."""
        return self._connection.connected

    async def call(self, ref: Ref, interface: str, member: str, signature: str = "", *arguments: Any) -> Any:
        """What a method answers: a value, or a tuple of several. Raises Gone, Silent or Unfit."""
        message = Message(
            destination=ref.program,
            path=ref.path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(arguments),
        )
        try:
            async with asyncio.timeout(PATIENCE), self._turns[ref.program]:
                reply = await self._connection.call(message)
        except TimeoutError:
            raise Silent(ref) from None
        except (OSError, EOFError):
            raise Fault("accessibility_failed", "the accessibility bus went away; repeat the request") from None
        if reply.message_type is not MessageType.ERROR:
            first, *more = reply.body or (None,)
            return (first, *more) if more else first
        if reply.error_name in _GONE:
            raise Gone(ref)
        raise Unfit(f"node {ref} refused {member}: {next(iter(reply.body), reply.error_name)}".strip())

    async def get(self, ref: Ref, interface: str, name: str) -> Any:
        """A property."""
        return (await self.call(ref, _PROPERTIES, "Get", "ss", interface, name)).value

    async def set(self, ref: Ref, interface: str, name: str, value: Variant) -> None:
        """Set a property."""
        await self.call(ref, _PROPERTIES, "Set", "ssv", interface, name, value)

    async def pid(self, ref: Ref) -> int:
        """The process that owns a node; the bus knows it, and does not ask the program."""
        pid: int = await self.call(_DAEMON, _DAEMON.program, "GetConnectionUnixProcessID", "s", ref.program)
        return pid

    @asynccontextmanager
    async def news(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something changes in a program. They tell it only while somebody listens."""
        changed = asyncio.Event()

        def hear(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL:
                changed.set()

        rule = "type='signal',path_namespace='/org/a11y/atspi'"
        self._connection.add_message_handler(hear)
        try:
            await self.call(_DAEMON, _DAEMON.program, "AddMatch", "s", rule)
            for event in _EVENTS:
                await self.call(_REGISTRY, f"{ROOT.program}", "RegisterEvent", "s", event)
            yield changed
        finally:
            self._connection.remove_message_handler(hear)
            for event in _EVENTS:
                await self.call(_REGISTRY, f"{ROOT.program}", "DeregisterEvent", "s", event)
            await self.call(_DAEMON, _DAEMON.program, "RemoveMatch", "s", rule)

    async def _call_in(self, session: Bus) -> None:
        """Say that somebody listens, and wait until those who join for that have joined."""
        async with self.news() as joined:
            await session.set(_STATUS, "org.a11y.Status", "IsEnabled", Variant("b", True))  # noqa: FBT003 - its form
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_JOINING):
                    while True:
                        joined.clear()
                        async with asyncio.timeout(_JOINING):
                            await joined.wait()
