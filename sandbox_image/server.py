"""The action server's process: user `control`, no capabilities, started by the supervisor.

It inherits a listening Unix socket, which outlives it, and a link to the supervisor, which tells it of displays and
workers and expects a beat every second. No X in it: that is in `Dispatch`, loaded while the display still starts.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # what is imported stays: to look for garbage in it takes a tenth of the time until the first answer

import asyncio
import logging
import os
import secrets
import socket
import sys
import time

from sandbox_image.dispatch import Dispatch
from sandbox_image.link import Beat, Display, DisplayEnded, Lease, Link, LinkError, Ready, WorkerStarted
from sandbox_image.routes import create_app
from sandbox_image.serving import Server
from sandbox_image.worker_link import Worker

LISTEN_FD = "HARNESS_LISTEN_FD"
LEASE = "HARNESS_LEASE"
"""Environment variable: seconds that are left of the lease when the server starts."""
_BEAT = 1.0  # seconds

_log = logging.getLogger(__name__)


class LinkedLease:
    """The lease, as the supervisor holds it; here is only what the host was last told."""

    def __init__(self, link: Link, seconds: float) -> None:
        self._link = link
        self._end = time.monotonic() + seconds

    def renew(self, seconds: float) -> None:
        """Tell the supervisor to let the sandbox live this long from now."""
        self._link.send(Lease(seconds))
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the end."""
        return max(0.0, self._end - time.monotonic())


async def serve(listening: socket.socket, link: Link) -> None:
    """Answer requests until a signal comes or the supervisor is gone."""
    worker = Worker()
    dispatch = Dispatch(worker)
    asyncio.get_running_loop().add_reader(link.fileno(), lambda: _on_link(link, worker, dispatch))
    lease = LinkedLease(link, float(os.environ.get(LEASE, "60")))
    app = create_app(dispatch, boot=secrets.token_hex(8), ready=dispatch.ready, lease=lease)
    await Server(app, started=lambda: _live(link)).serve([listening])


def main() -> None:
    """Run as the supervisor starts it."""
    gc.freeze()  # nor is it looked through later on
    gc.enable()
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    listening = socket.socket(fileno=int(os.environ.pop(LISTEN_FD)))
    listening.set_inheritable(False)
    asyncio.run(serve(listening, Link.inherited()))


def _on_link(link: Link, worker: Worker, dispatch: Dispatch) -> None:
    try:
        while (message := link.receive()) is not None:
            match message:
                case Display(name):
                    dispatch.attach(name)
                case DisplayEnded():
                    dispatch.detach()
                case WorkerStarted(main_socket):
                    worker.attach(main_socket)
                case _:
                    _log.error("the supervisor sent %r, which is not for the server", message)
    except LinkError as error:
        _give_up(error)


def _live(link: Link) -> None:
    """Say that requests are answered, then beat."""
    try:
        link.send(Ready())
    except LinkError as error:
        _give_up(error)
    _beat(link)


def _beat(link: Link) -> None:
    """One beat from the event loop itself, so that a loop that hangs stops beating."""
    try:
        link.send(Beat())
    except LinkError as error:
        _give_up(error)
    asyncio.get_running_loop().call_later(_BEAT, _beat, link)


def _give_up(error: LinkError) -> None:
    """Without a supervisor nobody ends this sandbox: end the server at once, whatever it is doing."""
    _log.critical("the link to the supervisor broke: %s", error)
    logging.shutdown()
    os._exit(1)


if __name__ == "__main__":
    main()
