"""Whether all is there that a sandbox needs, and what to do where it is not.

`examine` keeps the order; `outside` looks at the engine and its machine, `inside` at a real sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

from harness.doctor import inside, outside
from harness.doctor.finding import Finding
from harness.errors import EngineError, HarnessError, NoEngine
from harness.sandbox import connection
from harness.sandbox.image.recipes import asking
from harness.sync_api import sandbox

__all__ = ["Finding", "examine"]

_AGAIN = "mend what the message names, then ask again"


def examine(name: str | None = None) -> Generator[Finding | str]:
    """Every finding as soon as it is there; texts in between say what is being done.

    Looks into the named image, or that of this version. What needs something that failed is left out.
    """
    yield "asking the engine"
    try:
        client, address = connection.reach()
        with closing(client), asking("tell about itself"):
            version, info = client.version(), client.info()
            about = [outside.engine(version, info, address)]
            if about[0].status != "failed":
                about.append(outside.image_there(client, name))
    except EngineError as error:
        yield silent(error)
        return
    yield from about
    if about[-1].status == "ok":
        yield from _within(info, name)
    else:
        yield from outside.resources(info, outside.near(info, address))


def _within(info: Mapping[str, Any], name: str | None) -> Generator[Finding | str]:
    """What takes a sandbox to know."""
    yield "starting a sandbox"
    began = time.monotonic()
    try:
        with sandbox(image=name, cpus=min(2.0, info["NCPU"])) as desktop:
            started = time.monotonic() - began
            yield from outside.resources(info, inside.free(desktop))
            for look in inside.LOOKS:
                yield look(desktop)
            yield "working at a desktop"
            worked = inside.work(desktop)
            yield "stopping the sandbox"
            ending = time.monotonic()
        stopped = time.monotonic() - ending
        yield worked._replace(found=f"started in {started:.1f} s; {worked.found}; stopped in {stopped:.1f} s")
    except HarnessError as error:
        yield Finding("self test", "failed", str(error), _AGAIN)


def silent(error: EngineError) -> Finding:
    """An engine that does not answer, or refuses."""
    if isinstance(error, NoEngine):
        return Finding("engine", "failed", f"none answers: {'; '.join(error.tried)}", error.advice)
    return Finding("engine", "failed", str(error), _AGAIN)
