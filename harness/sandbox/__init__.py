"""A disposable desktop, seen from outside."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from harness.sandbox.desktop import Desktop
from harness.sandbox.spec import SandboxSpec
from sandbox_image.wire import Region, Settle, Size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Desktop", "Region", "SandboxSpec", "Settle", "Size", "sandbox"]


@asynccontextmanager
async def sandbox(spec: SandboxSpec | None = None, /, **changes: Any) -> AsyncIterator[Desktop]:
    """A disposable desktop that answers; gone when the block is left.

    `changes` are fields of SandboxSpec, such as `screen="1920x1080"` or `memory="4g"`. Removed whatever happens: an
    exception, a cancellation, Ctrl-C, SIGTERM and SIGHUP take it away at once (the last two in the main thread, where
    the program has no handler of its own); where the process is killed, the lease ends it (`lease`, 60 s).

    Raises UsageError for a spec that cannot be; EngineError where no engine answers (NoEngine) or the image is not
    built yet (ImageMissing); StartFailed, naming the step, where starting failed: then nothing is left of it.
    """
    from harness.sandbox.running import open_sandbox  # noqa: PLC0415 - the engine's library is slow to import

    async with open_sandbox(SandboxSpec.of(spec, **changes)) as running:
        yield running.desktop
