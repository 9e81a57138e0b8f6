"""Starting a program as the desktop user, and saying in words why one cannot be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox_image.channel import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def start(argv: Sequence[str], folder: str, environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own. Raises Fault(launch_failed) where it cannot be."""
    try:
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Fault("launch_failed", _explain(argv[0], folder, error)) from None


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
