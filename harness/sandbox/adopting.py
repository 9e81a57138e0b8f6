"""Taking over a sandbox whose owner is gone, while its lease lives, and one whose owner hands it over.

What cannot be adopted is left as it was: another process may try, and the lease ends it.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from harness.errors import SandboxLost, UsageError, WireMismatch
from harness.sandbox import ownership, registry
from harness.sandbox.engine import Engine
from harness.sandbox.image import WIRE
from harness.sandbox.journal import Journal
from harness.sandbox.life import Life
from harness.sandbox.ownership import Folder
from harness.sandbox.termination import orderly_termination
from sandbox_image.fingerprint import wire_fingerprint
from sandbox_image.wire import ReleaseAll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from harness.sandbox.engine import Found
    from harness.sandbox.life import Running
    from harness.sandbox.ownership import Tenure
    from harness.sandbox.registry import Record
    from sandbox_image.wire import Health

_CLAIM_SECONDS = 1.0
_RETRY_SECONDS = 0.02
_ANSWER_SECONDS = 30.0
_RELEASE_SECONDS = 600.0  # a request of the owner before goes on to its deadline, and is waited for
_OTHER_WIRE = "take it over with the version of the harness that started it, or start a new one"


@asynccontextmanager
async def adopt_sandbox(
    sandbox: str, *, kept: bool = False, kept_for: float | None = None, lock: int | None = None
) -> AsyncIterator[Running]:
    """Take over a sandbox by its whole id, and keep its lease; removed when the block is left.

    Its screen, files, programs and shells are as they were. What was under way when its owner ended goes on to its own
    end or deadline: a shell that is busy takes its next command after that. Keys and buttons that were down are let go.

    `kept` and `kept_for` (seconds) are as for `open_sandbox`. `lock` is the descriptor of an owner that hands it over:
    until `take_over` is called the sandbox is still that owner's, and is left as it is where the block ends.

    Raises UsageError where it has an owner that lives, whose process is named, or is not known here; SandboxLost,
    saying why and when, where its lease is over or its container gone; WireMismatch where another version started it;
    EngineError. Then it is left as it was.
    """
    with orderly_termination():
        async with AsyncExitStack() as stack:
            engine = await Engine.open()
            stack.push_async_callback(engine.aclose)
            root = ownership.runtime_root()
            folder = await _claimed(engine, root, sandbox) if lock is None else Folder.inherited(root, sandbox, lock)
            stack.enter_context(folder)
            record = _recorded(folder)
            found, tenure = await _found(engine, folder, record)
            if lock is None:  # whoever comes too late is told who came first
                record.model_copy(update={"pid": os.getpid()}).write(folder.path)
            life = Life(engine, folder, tenure.lease, stack, journal=Journal(), born=_born(found, tenure))
            health = await _met(life, sandbox)
            life.keep()
            running = life.running(health, image=record.image, created=record.created, kept=kept, kept_for=kept_for)
            await running.desktop.perform(ReleaseAll(), settle=None, timeout=_RELEASE_SECONDS)
            if lock is None:
                running.take_over()
            yield running


async def _met(life: Life, sandbox: str) -> Health:
    """The first answer to this process; the lease begins anew."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await life.connect()
            await life.follow()
            health = await life.answer(_OTHER_WIRE)
            await life.renew()
    except TimeoutError:
        told = f"sandbox {sandbox} does not answer within {_ANSWER_SECONDS:g} s; its lease ends it, start a new one"
        raise SandboxLost(told) from None
    return health


async def _claimed(engine: Engine, root: Path, sandbox: str) -> Folder:
    """The folder of an owner that is gone, locked.

    Whoever looks whether the owner lives takes the lock for a moment; so it is asked for again for a while.
    """
    until = time.monotonic() + _CLAIM_SECONDS
    while (folder := Folder.claim(root, sandbox)) is None:
        if sandbox not in {path.name for path in ownership.sandbox_folders(root)}:
            raise await _unknown(engine, root, sandbox)
        if time.monotonic() > until:
            record = registry.read(root / sandbox)
            owner = f"process {record.pid}" if record else "a process that is just starting it"
            raise UsageError(
                f"sandbox {sandbox} has an owner that lives, {owner}: end that first, or work at it meanwhile with "
                f"`harness desktop`"
            )
        await asyncio.sleep(_RETRY_SECONDS)  # nothing tells when a lock is free
    return folder


async def _unknown(engine: Engine, root: Path, sandbox: str) -> UsageError:
    """Why there is no folder of it."""
    others = await engine.find(f"{ownership.SANDBOX}={sandbox}")
    if any(other.labels.get(ownership.SCOPE) != ownership.scope(root) for other in others):
        return UsageError(
            f"sandbox {sandbox} belongs to another user, host or runtime directory than {root}: adopt it there, with "
            f"the XDG_RUNTIME_DIR that it was started with"
        )
    return UsageError(
        f"no sandbox {sandbox!r} is known in {root}: it ended and was cleared away, or was started by another user or "
        f"with another XDG_RUNTIME_DIR"
    )


def _recorded(folder: Folder) -> Record:
    """What the owner before wrote down."""
    if (record := registry.read(folder.path)) is None:
        raise UsageError(
            f"sandbox {folder.id} cannot be adopted: its owner ended before it was ready, or was of another version of "
            f"the harness; its lease ends it, start a new one"
        )
    return record


async def _found(engine: Engine, folder: Folder, record: Record) -> tuple[Found, Tenure]:
    """Its container, and the lease it has. Raises SandboxLost where nothing can be left of it, WireMismatch."""
    found = await engine.find(f"{ownership.SANDBOX}={folder.id}")
    tenure = ownership.tenure(folder.path.parent, folder.id, found[0].labels if found else {})
    if tenure and not tenure.same_boot:
        raise SandboxLost(f"sandbox {folder.id} was started before this machine was started anew; start a new one")
    if tenure is None or not found:
        raise SandboxLost(f"sandbox {folder.id} is gone: {await _ending(engine, record, tenure)}; start a new one")
    if found[0].labels.get(WIRE) not in {None, "", wire_fingerprint()}:
        raise WireMismatch(f"sandbox {folder.id} speaks another version of the wire: {_OTHER_WIRE}")
    return found[0], tenure


async def _ending(engine: Engine, record: Record, tenure: Tenure | None) -> str:
    """Why its container is gone, and when that was."""
    now = time.monotonic()
    if tenure is None:
        return "its container was removed"
    if tenure.over(now):
        return (
            f"its owner, process {record.pid}, ended, and nobody renewed its lease of {tenure.lease:g} s, which was "
            f"over {now - tenure.renewed - tenure.lease:.0f} s ago"
        )
    told = await engine.ending(record.container, now - tenure.renewed)
    return f"{told or 'its container was removed'}, within the last {now - tenure.renewed:.0f} s"


def _born(found: Found, tenure: Tenure) -> float:
    """When its container was made, in monotonic seconds."""
    try:
        return float(found.labels[ownership.CREATED])
    except (KeyError, ValueError):
        return tenure.renewed
