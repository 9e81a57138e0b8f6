"""What supervisor and server tell each other: one JSON object a packet, at most one descriptor with it.

Standard library only, since the supervisor imports it. Both ends are non-blocking: whoever waits does so in a
selector or an event loop.
"""

from __future__ import annotations

import array
import json
import math
import os
import socket
from typing import NamedTuple

LINK_FD = "HARNESS_LINK_FD"
"""Environment variable that names the server's end of the link."""
MAX_PACKET = 4096
LONGEST_LEASE = 7 * 86_400.0


class Display(NamedTuple):
    """To the server: an X server is up; sent again when it was restarted."""

    name: str


class DisplayEnded(NamedTuple):
    """To the server: the X server ended; a `Display` follows when the next one is up."""


class WorkerStarted(NamedTuple):
    """To the server: a worker runs; `main` is the server's end of its main socket, the receiver's to close."""

    main: socket.socket


class Beat(NamedTuple):
    """To the supervisor, once a second: the server's event loop turns."""


class Lease(NamedTuple):
    """To the supervisor: the sandbox may live this many seconds from now."""

    seconds: float


class Ready(NamedTuple):
    """To the supervisor: the server answers requests."""


Message = Display | DisplayEnded | WorkerStarted | Beat | Lease | Ready


class LinkError(Exception):
    """The other end is gone, is not reading, or said what the link does not know."""


class Link:
    """One end of the link."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)  # noqa: FBT003 - the socket takes it by position
        self._end = end

    @classmethod
    def inherited(cls) -> Link:
        """The end whose descriptor `HARNESS_LINK_FD` names; KeyError where the supervisor did not start us."""
        end = socket.socket(fileno=int(os.environ.pop(LINK_FD)))
        end.set_inheritable(False)
        return cls(end)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._end.fileno()

    def send(self, message: Message) -> None:
        """Queue a message; a descriptor in it is duplicated to the other end and stays the caller's as well."""
        body, descriptors = _encode(message)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self._end.sendmsg([body], rights)
        except OSError as error:
            raise LinkError(f"cannot send {body.decode()}: {error}") from error

    def receive(self) -> Message | None:
        """The next message, None when none waits; raises LinkError at the end of the stream."""
        try:
            # Not socket.recv_fds: that makes what it receives inheritable.
            body, rights, flags, _ = self._end.recvmsg(MAX_PACKET, socket.CMSG_SPACE(64), socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return None
        except OSError as error:
            raise LinkError(f"cannot receive: {error}") from error
        descriptors = [descriptor for _, _, data in rights for descriptor in array.array("i", data)]
        if not body:
            raise LinkError("the other end closed the link")
        try:
            return _decode(body, descriptors, truncated=bool(flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)))
        except (ValueError, KeyError, TypeError) as error:
            for descriptor in descriptors:
                os.close(descriptor)
            raise LinkError(f"not a message of this link: {body[:200]!r} ({error})") from error

    def close(self) -> None:
        """Close this end; the other end reads the end of the stream."""
        self._end.close()


def _encode(message: Message) -> tuple[bytes, list[int]]:
    match message:
        case Display(name):
            return json.dumps({"kind": "display", "name": name}).encode(), []
        case DisplayEnded():
            return b'{"kind": "display_ended"}', []
        case WorkerStarted(main):
            return b'{"kind": "worker"}', [main.fileno()]
        case Beat():
            return b'{"kind": "beat"}', []
        case Lease(seconds):
            return json.dumps({"kind": "lease", "seconds": seconds}).encode(), []
        case Ready():
            return b'{"kind": "ready"}', []


def _decode(body: bytes, descriptors: list[int], *, truncated: bool) -> Message:
    fields = json.loads(body)
    kind = fields["kind"]
    if truncated or len(descriptors) != (1 if kind == "worker" else 0):
        raise ValueError("cut off, or with the wrong number of descriptors")
    match kind:
        case "worker":
            return WorkerStarted(socket.socket(fileno=descriptors[0]))
        case "display":
            return Display(str(fields["name"]))
        case "display_ended":
            return DisplayEnded()
        case "lease":
            return Lease(lease_seconds(fields["seconds"]))
        case "beat":
            return Beat()
        case "ready":
            return Ready()
    raise ValueError(f"unknown kind {kind!r}")


def lease_seconds(value: str | float) -> float:
    """A lease as a number of seconds; ValueError for what is no length of time a sandbox may live."""
    seconds = float(value)
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_LEASE:
        raise ValueError(f"a lease is more than 0 and at most {LONGEST_LEASE:.0f} seconds, not {value}")
    return seconds
