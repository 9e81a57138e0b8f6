"""What owners left that are gone: containers once their lease is over, and folders without a container."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from harness.sandbox import ownership
from harness.sandbox.ownership import SANDBOX, Folder

if TYPE_CHECKING:
    from pathlib import Path

    from harness.sandbox.engine import Engine, Found


async def sweep(engine: Engine, root: Path) -> None:
    """Remove what is left of sandboxes of this runtime directory that have no owner and can have none any more.

    The lock is held meanwhile: who would adopt such a sandbox comes before that or finds nothing.
    """
    found = await engine.find(f"{ownership.SCOPE}={ownership.scope(root)}")
    for one in found:
        await _sweep(engine, root, one)
    there = {one.labels.get(SANDBOX) for one in found}
    for path in ownership.sandbox_folders(root):
        if path.name not in there:
            ownership.forget(root, path.name)


async def _sweep(engine: Engine, root: Path, found: Found) -> None:
    sandbox = found.labels.get(SANDBOX, "")
    folder = Folder.claim(root, sandbox)
    if folder is None and (root / sandbox).is_dir():
        return  # somebody holds it
    with folder or nullcontext():
        tenure = ownership.tenure(root, sandbox, found.labels)
        if tenure is None or tenure.over(time.monotonic()):
            await engine.remove(found.container)
            if folder:
                folder.ours = True  # and goes, now that there is nothing to adopt
