"""What a sandbox consists of: its programs, their users and environments, and how long to wait for them."""

from __future__ import annotations

import grp
import json
import os
import pwd
import sys
from typing import TYPE_CHECKING, NamedTuple

from sandbox_image.children import Account, Program
from sandbox_image.link import lease_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

LISTEN_FD = "HARNESS_LISTEN_FD"
LEASE = "HARNESS_LEASE"
"""Environment variable that names the listening socket in the server's process."""
WORKER_FD = "HARNESS_WORKER_FD"
"""Environment variable that names the worker's end of its main socket in the worker's process."""
SOCKET_PATH = "/run/control/server.sock"
RFB_PATH = "/run/display/rfb.sock"
SESSION = f"{os.path.dirname(__file__)}/session/programs.json"  # noqa: PTH120 - pathlib is slow to import
SMALLEST_SIDE, LARGEST_SIDE = 64, 7680


class Patience(NamedTuple):
    """How long the supervisor waits, in seconds."""

    display: float = 15.0
    first_beat: float = 30.0
    beat: float = 10.0
    ending: float = 1.0


class Plan(NamedTuple):
    """What to run. `socket_path` is bound by the server's user; Xvnc gets `-displayfd` and a number appended."""

    socket_path: str
    lease: float
    xvnc: Program
    server: Program
    worker: Program
    session: tuple[Program, ...]
    patience: Patience = Patience()


def plan_from(environ: Mapping[str, str]) -> Plan:
    """The plan that a container's environment asks for; ValueError names the variable that is wrong.

    `HARNESS_SCREEN` is the size of the screen such as `1280x800`, `HARNESS_LEASE` the first lease in seconds.
    The programs see the container's environment without these. The server may ask terminals for their settings, which
    their group `tty` is for.
    """
    common = {name: value for name, value in environ.items() if not name.startswith("HARNESS_")} | {"HOME": "/"}
    with open(SESSION, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
        session = json.load(file)
    desktop = {**common, **session["environment"]}
    user = account("user", umask=0o022, oom_score=500)
    return Plan(
        socket_path=SOCKET_PATH,
        lease=lease_seconds(environ.get(LEASE, "60")),
        xvnc=Program(
            "xvnc", xvnc(environ.get("HARNESS_SCREEN", "1280x800")), account("display", oom_score=100), common
        ),
        server=Program("server", module("server"), account("control", groups=("tty",)), common),
        worker=Program("worker", module("worker"), user, desktop),
        session=tuple(
            Program(program["name"], tuple(program["argv"]), user, desktop, stays=program["stays"])
            for program in session["programs"]
        ),
    )


def account(name: str, *, umask: int = 0o077, oom_score: int = 0, groups: tuple[str, ...] = ()) -> Account:
    """A user of the image. Only the desktop's own starts in its home; the others have none worth the name."""
    entry = pwd.getpwnam(name)
    home = entry.pw_dir if name == "user" else "/"
    return Account(
        entry.pw_uid, entry.pw_gid, home, umask, oom_score, tuple(grp.getgrnam(group).gr_gid for group in groups)
    )


def module(name: str) -> tuple[str, ...]:
    """The command that runs a module of this package, apart from anything the desktop's user can write."""
    return (sys.executable, "-I", "-m", f"sandbox_image.{name}")


def xvnc(screen: str) -> tuple[str, ...]:
    """The X server's command: X on Unix sockets only, RFB on a socket that only its own user can reach.

    Any local user may connect to the display: those are the control user, the desktop's user and root, and all of
    them should. The screen never blanks, a viewer cannot resize it, and selecting text does not leave the sandbox;
    copying it does.
    """
    width, _, height = screen.partition("x")
    if not all(side.isdecimal() and SMALLEST_SIDE <= int(side) <= LARGEST_SIDE for side in (width, height)):
        raise ValueError(
            f"HARNESS_SCREEN is {SMALLEST_SIDE}x{SMALLEST_SIDE} to {LARGEST_SIDE}x{LARGEST_SIDE}, not {screen!r}"
        )
    display = [":0", "-geometry", screen, "-depth", "24", "-dpi", "96", "-nolisten", "tcp"]
    calm = ["-noreset", "-s", "0", "-dpms"]
    rfb = ["-rfbunixpath", RFB_PATH, "-rfbunixmode", "0600", "-rfbport", "-1", "-SecurityTypes", "None"]
    viewers = ["-AlwaysShared", "-FrameRate", "30", "-AcceptSetDesktopSize=0", "-SendPrimary=0", "-SetPrimary=0"]
    return ("Xvnc", *display, *calm, *rfb, *viewers, "-desktop", "harness")
