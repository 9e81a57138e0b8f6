"""One sandbox from start to end: what is made here is gone when the block is left, however it is left."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from harness.errors import EngineError, SandboxLost, StartFailed
from harness.sandbox import image, limits, ownership
from harness.sandbox.engine import Engine
from harness.sandbox.journal import Journal
from harness.sandbox.life import Life
from harness.sandbox.termination import orderly_termination

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from harness.sandbox.life import Running
    from harness.sandbox.spec import SandboxSpec


@asynccontextmanager
async def open_sandbox(
    spec: SandboxSpec,
    *,
    on_step: Callable[[str], None] | None = None,
    kept: bool = False,
    kept_for: float | None = None,
) -> AsyncIterator[Running]:
    """Start a sandbox and keep its lease; removed when the block is left. `on_step` hears of each step of the start.

    `kept` and `kept_for` (seconds) are written down for others to read: this process exists to keep the sandbox.

    Raises ImageMissing or EngineError where there is nothing to start with, StartFailed naming the step where
    starting failed: then nothing is left of it.
    """
    with orderly_termination():
        async with AsyncExitStack() as stack:
            start = _Start(spec, stack, Journal(on_step))
            try:
                async with asyncio.timeout(spec.start_timeout):
                    running = await start.run(kept=kept, kept_for=kept_for)
            except TimeoutError:
                raise start.failed(f"not done within {spec.start_timeout:g} s (start_timeout)") from None
            running.take_over()
            yield running


class _Start:
    """The steps of starting one sandbox."""

    def __init__(self, spec: SandboxSpec, stack: AsyncExitStack, journal: Journal) -> None:
        self._spec = spec
        self._stack = stack
        self._journal = journal
        self._step = "engine"
        self._folder = stack.enter_context(ownership.Folder.create(ownership.runtime_root()))
        self._born = time.monotonic()

    async def run(self, *, kept: bool, kept_for: float | None) -> Running:
        """Everything up to the first answer; from then on the lease is kept."""
        engine = await Engine.open()
        self._stack.push_async_callback(engine.aclose)
        self._step = "image"
        used = await engine.run(lambda client: image.usable(client, self._spec.image, self._spec.apps))
        self._step = "container"
        life = Life(engine, self._folder, self._spec.lease, self._stack, journal=self._journal, born=self._born)
        await life.connect()
        try:
            await self._create(engine, life, used.name)
            self._step = "supervisor"
            health = await life.answer(f"run `{image.BUILD_COMMAND}`")
        except (EngineError, SandboxLost) as error:
            raise self.failed(str(error)) from error
        life.keep()
        created = time.time()  # noqa: TID251 - told to people
        return life.running(health, image=used.name, created=created, kept=kept, kept_for=kept_for)

    async def _create(self, engine: Engine, life: Life, name: str) -> None:
        labels = ownership.owner_labels(self._folder.path.parent, self._folder.id, self._spec.lease)
        life.note()
        await engine.create(life.container, limits.settings(self._spec, name, labels))
        await life.follow()
        await engine.start(life.container)

    def failed(self, reason: str) -> StartFailed:
        """The error for a start that got as far as this."""
        if self._journal.problem:
            return StartFailed(*self._journal.problem, self._journal.tail)
        reached = f"after {self._journal.steps[-1]!r}" if self._journal.steps else self._step
        return StartFailed(reached, reason, self._journal.tail)
