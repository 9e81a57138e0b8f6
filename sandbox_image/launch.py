"""Starting programs as the desktop user: detached, their output in a log file, reaped when they end."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox_image.channel import Fault
from sandbox_image.files import absolute, home

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

_LOGS = ".cache/harness/logs"


class Launcher:
    """Starts programs and waits for their ends, so that none stays a zombie."""

    def __init__(self) -> None:
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def launch(self, argv: Sequence[str], cwd: str | None) -> tuple[int, str]:
        """Start a program; its pid and the path of its log. Raises Fault(launch_failed) where it cannot be."""
        folder = absolute(cwd) if cwd else str(home())
        try:
            log = _new_log(argv[0])
        except OSError as error:
            raise Fault("launch_failed", f"no log file for {argv[0]!r}: {error}") from None
        with log:
            try:
                process = _start(argv, folder, log)
            except (OSError, ValueError) as error:
                Path(log.name).unlink(missing_ok=True)
                raise Fault("launch_failed", _explain(argv[0], folder, error)) from None
        self._reap_later(process)
        return process.pid, log.name

    def _reap_later(self, process: subprocess.Popen[bytes]) -> None:
        ended = os.pidfd_open(process.pid)
        self._running[ended] = process
        asyncio.get_running_loop().add_reader(ended, self._reap, ended)

    def _reap(self, ended: int) -> None:
        asyncio.get_running_loop().remove_reader(ended)
        self._running.pop(ended).wait()
        os.close(ended)


def _start(argv: Sequence[str], folder: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _new_log(program: str) -> IO[bytes]:
    """A new file named after the program."""
    folder = home() / _LOGS
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.+-]", "_", Path(program).name)[:60] or "program"
    for number in itertools.count(1):
        try:
            return (folder / f"{name}-{number}.log").open("xb", buffering=0)
        except FileExistsError:
            continue
    raise AssertionError("unreachable: there is no last number")


def _explain(program: str, folder: str, error: OSError | ValueError) -> str:
    """What is wrong, in words, and what to do about it."""
    if not Path(folder).is_dir():
        return f"cannot start {program!r} in {folder}: there is no such folder"
    if isinstance(error, FileNotFoundError) or (isinstance(error, PermissionError) and not _findable(program)):
        return _not_found(program, folder)
    if isinstance(error, PermissionError):
        return f"{program!r} is not executable: make it so with `chmod +x`, or start its interpreter with it"
    if isinstance(error, OSError) and error.strerror == "Exec format error":
        return f"{program!r} is no program: a script needs a first line such as `#!/bin/sh`"
    reason = error.strerror if isinstance(error, OSError) else error
    return f"cannot start {program!r}: {reason}"


def _findable(program: str) -> bool:
    """Whether PATH leads to it, executable or not; folders on PATH that may not be read do not count."""
    names = (Path(folder, program) for folder in os.get_exec_path()) if program else ()
    return "/" in program or any(os.access(name, os.F_OK) for name in names)


def _not_found(program: str, folder: str) -> str:
    if "/" in program:
        there = Path(folder, program).exists()
        hint = "it is there, but the interpreter that its first line names is not" if there else "there is no such file"
        return f"cannot start {program!r}: {hint}"
    close = _similar(program)
    path = os.environ.get("PATH", os.defpath)
    hint = f"; did you mean {', '.join(map(repr, close))}?" if close else ""
    return f"no program {program!r} on PATH ({path}){hint}"


def _similar(program: str) -> list[str]:
    import difflib  # noqa: PLC0415 - only where something went wrong; the worker stays small

    names: set[str] = set()
    for folder in os.get_exec_path():
        try:
            names.update(os.listdir(folder))  # noqa: PTH208 - names only
        except OSError:
            continue
    return difflib.get_close_matches(program, sorted(names), 3)
