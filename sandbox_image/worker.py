"""The worker's process: does with the desktop user's rights what needs them. Started by the supervisor as `user`.

For each request the server sends one end of a fresh socket pair over the main socket, so that nothing lies in the
file system for the model's shell to connect to. It has the same user as that shell, therefore it makes itself
undumpable: nobody of that user can trace it or take its descriptors. When the server goes away, so does the worker.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox_image import files, listing, procfs
from sandbox_image.accessibility.link import KINDS, Accessibility
from sandbox_image.channel import WORKER_FD, Channel, ChannelError, Fault, Frame, Kind
from sandbox_image.consume import consume
from sandbox_image.programs import Programs
from sandbox_image.shell import Job, Shells

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

Request = dict[str, Any]  # one of wire's messages, checked by the server
_PR_SET_DUMPABLE = 4


class Worker:
    """What the requests share."""

    def __init__(self, owner: str) -> None:
        self._shells = Shells(owner)
        self._programs = Programs()
        self._accessibility = Accessibility()

    async def serve(self, end: socket.socket) -> None:
        """Answer the one request that comes on this socket."""
        channel = await Channel.open(end)
        try:
            await self._answer(channel)
        except Fault as fault:
            _tell(channel, kind="failure", code=fault.code, message=str(fault))
        except ChannelError as error:
            _tell(channel, kind="failure", code="malformed", message=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
            traceback.print_exc()
            _tell(channel, kind="failure", code="internal", message=f"a bug in the worker: {error!r}")
        await channel.close()

    async def close(self) -> None:
        """End all shells, and the helper."""
        await self._shells.close()
        await self._accessibility.close()

    async def _answer(self, channel: Channel) -> None:
        frame = await channel.read()
        if frame is None:
            return
        request = _request(frame)
        if request["kind"] == "write_file":  # it reads from the channel itself
            await _write_file(request, channel)
            return
        work = {
            "shell": self._shell,
            "list_sessions": self._list_sessions,
            "send_input": self._send_input,
            "resize_terminal": self._resize_terminal,
            **_FILES,
            **dict.fromkeys(KINDS, self._access),
        }.get(request["kind"], self._program)
        await _unless_gone(channel, work(request, channel))

    async def _shell(self, request: Request, channel: Channel) -> None:
        session = self._shells.session(request["session"])
        ending: dict[str, Any] = {"code": 0}
        if request["restart"]:
            await session.restart()
        if request["command"] or not request["restart"]:
            job = Job(**{field: request[field] for field in Job._fields})
            ending = (await session.run(job, channel.write))._asdict()
        _tell(channel, kind="exit", **ending)

    async def _list_sessions(self, _: Request, channel: Channel) -> None:
        _tell(channel, kind="session_list", sessions=self._shells.living())

    async def _send_input(self, request: Request, channel: Channel) -> None:
        self._shells.terminal(request["session"]).type(request["text"].encode())
        _tell(channel, kind="done")

    async def _resize_terminal(self, request: Request, channel: Channel) -> None:
        self._shells.terminal(request["session"]).resize(request["columns"], request["rows"])
        _tell(channel, kind="done")

    async def _program(self, request: Request, channel: Channel) -> None:
        _tell(channel, **await self._programs.do(request))

    async def _access(self, request: Request, channel: Channel) -> None:
        channel.write(Kind.MESSAGE, await self._accessibility.ask(request))


async def _read_file(request: Request, channel: Channel) -> None:
    info, pieces = await asyncio.to_thread(files.open_content, request["path"])
    _tell(channel, kind="file_info", **info._asdict())
    while piece := await asyncio.to_thread(next, pieces, b""):
        channel.write(Kind.BYTES, piece)
        if not await channel.drain():
            return
    channel.write(Kind.END)


async def _list_folder(request: Request, channel: Channel) -> None:
    page = await asyncio.to_thread(listing.list_folder, request["path"], request["after"], request["limit"])
    _tell(channel, kind="folder_page", **page._asdict())


async def _find_file(request: Request, channel: Channel) -> None:
    _tell(channel, kind="entry", **await asyncio.to_thread(listing.find, request["path"]))


async def _write_file(request: Request, channel: Channel) -> None:
    path, mode = request["path"], request["mode"]
    write = partial(files.write_folder, path) if request["unpack"] else partial(files.write, path, mode)
    try:
        info = await consume(_content(channel), write)
    except Fault as fault:
        _tell(channel, kind="failure", code=fault.code, message=str(fault))
        while await channel.read():  # closing with content unread would lose the answer
            pass
    except _CutOffError:
        return
    else:
        _tell(channel, kind="file_info", **info._asdict())


class _CutOffError(Exception):
    """The content broke off, and nobody waits for an answer."""


async def _content(channel: Channel) -> AsyncIterator[bytes]:
    while (frame := await channel.read()) and frame.kind is Kind.BYTES:
        yield frame.body
    if frame is None or frame.kind is not Kind.END:
        raise _CutOffError


async def _remove_file(request: Request, channel: Channel) -> None:
    await asyncio.to_thread(files.remove, request["path"])
    _tell(channel, kind="done")


_FILES = {"read_file": _read_file, "list_folder": _list_folder, "find_file": _find_file, "remove_file": _remove_file}


async def _unless_gone(channel: Channel, work: Coroutine[Any, Any, None]) -> None:
    """Do the work; cancel it when the server closes its end."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(channel.read())
    await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
    for task in (gone, working):
        if not task.done():
            task.cancel()
    await asyncio.gather(working, gone, return_exceptions=True)
    if not working.cancelled():
        working.result()


def _request(frame: Frame) -> Request:
    if frame.kind is not Kind.MESSAGE:
        raise Fault("malformed", f"a request begins with a message, not with {frame.kind.name}")
    request: Request = json.loads(frame.body)
    return request


def _tell(channel: Channel, **message: Any) -> None:
    """Send a message; of a sentence, what is no Unicode is lost."""
    channel.write(Kind.MESSAGE, json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))


async def run(main: socket.socket) -> None:
    """Take requests until the server goes away or the supervisor asks us to end."""
    owner = procfs.owner()
    _hide()
    await procfs.kill(lambda: procfs.strays(owner))
    worker = Worker(owner)
    requests: set[asyncio.Task[None]] = set()
    ended = asyncio.Event()

    def take() -> None:
        """One request, or the end."""
        try:
            _, descriptors, _, _ = socket.recv_fds(main, 16, 1)
        except BlockingIOError:
            return
        except OSError:
            descriptors = []
        if not descriptors:
            ended.set()
            return
        end = socket.socket(fileno=descriptors[0])
        end.set_inheritable(False)  # recv_fds takes a flag for that and ignores it
        task = asyncio.ensure_future(worker.serve(end))
        requests.add(task)
        task.add_done_callback(requests.discard)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    main.setblocking(False)  # noqa: FBT003 - the socket takes it by position
    loop.add_reader(main, take)
    await ended.wait()
    loop.remove_reader(main)
    await worker.close()


def _hide() -> None:
    """Make memory and descriptors of this process unreadable to others of its user. Programs it starts are not."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) failed")


def main() -> None:
    """Run as the supervisor starts it."""
    if WORKER_FD not in os.environ:
        sys.exit(f"the worker is started by the supervisor, which names its socket in {WORKER_FD}")
    end = socket.socket(fileno=int(os.environ.pop(WORKER_FD)))
    end.set_inheritable(False)
    asyncio.run(run(end))


if __name__ == "__main__":
    main()
