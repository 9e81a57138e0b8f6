"""The sockets that the supervisor makes for others, as a root without any right to their files."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox_image.children import Account


def bind(path: str, account: Account) -> socket.socket:
    """A listening socket at `path`, made by the account, in a directory that even this root may not enter."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    with acting_as(account):
        listening.bind(path)
    os.umask(mask)
    listening.listen(128)
    return listening


@contextlib.contextmanager
def acting_as(account: Account) -> Iterator[None]:
    """Have the account's rights to files for a moment."""
    if account.uid == os.getuid():
        yield
        return
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())


def make_socket_directories() -> None:
    """The directories for X11 and ICE sockets, which only root can make so that nobody else owns them."""
    for path in ("/tmp/.X11-unix", "/tmp/.ICE-unix"):  # noqa: S108 - where X11 has them
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)  # noqa: PTH102 - pathlib is slow to import
        os.chmod(path, 0o1777)  # noqa: PTH101, S103 - the same; X11 wants them open and sticky
