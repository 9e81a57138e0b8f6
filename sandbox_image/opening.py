"""Which command line opens a file or an address: a program of its own, so that the worker does without the library.

`opening.py TARGET` writes the command line as JSON, or says on its standard error why there is none.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import Any

TERMINAL = ["x-terminal-emulator", "-e"]
"""Before the command line of a program that wants one."""


class Unopenable(Exception):
    """Nothing opens it."""


def resolve(target: str) -> list[str]:
    """The default application's command line, by the desktop's own rules. Raises Unopenable."""
    from gi.repository import Gio  # type: ignore[import-not-found] # noqa: PLC0415 - the image has it, hosts need not

    file = Gio.File.new_for_commandline_arg(target)
    scheme = file.get_uri_scheme()
    if scheme == "file":
        if not file.query_exists():
            raise Unopenable(f"there is no {file.get_path()}: name a file, a folder or an address such as https://…")
        kind = file.query_info("standard::content-type", Gio.FileQueryInfoFlags.NONE).get_content_type()
        what, application = f"{kind} ({file.get_path()})", Gio.AppInfo.get_default_for_type(kind, False)  # noqa: FBT003
    else:
        what, application = f"{scheme}: addresses", Gio.AppInfo.get_default_for_uri_scheme(scheme)
    if application is None:
        raise Unopenable(
            f"no program is set to open {what}: launch one by its name, or name its .desktop file in"
            " ~/.config/mimeapps.list"
        )
    return command(application, file.get_uri(), file.get_path())


def command(application: Any, address: str, path: str | None) -> list[str]:
    """An application's command line, its field codes filled in as the Desktop Entry Specification says."""
    local = path or address
    codes = {"u": address, "U": address, "f": local, "F": local, "c": application.get_name(), "%": "%"}
    argv = []
    for word in shlex.split(application.get_commandline()):
        filled = re.sub("%(.)", lambda code: codes.get(code[1], ""), word)
        if filled or not word:  # a code that stands for nothing is no argument
            argv.append(filled)
    if not re.search("%[uUfF]", application.get_commandline()):
        argv.append(local)
    return [*TERMINAL, *argv] if application.get_boolean("Terminal") else argv


if __name__ == "__main__":
    try:
        print(json.dumps(resolve(sys.argv[1])))  # noqa: T201 - its answer
    except Unopenable as error:
        sys.exit(str(error))
