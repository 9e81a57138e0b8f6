"""One step at work: the desktop, the step's deadline, what was seen and pointed at on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain, repeat
from typing import TypeAlias

from harness.cover import cover, secret_boxes
from harness.errors import DeadlinePassed, HarnessError, NoSuchNode, NoSuchWindow
from harness.events import Candidate, Emit, FileCollected, FrameCaptured, Moment, Output, StepFailure
from harness.flow.plan import Step
from harness.geometry import Viewport
from harness.sandbox.desktop import Desktop, ShellResult
from harness.text import Match
from sandbox_image.wire import (
    Action,
    Answer,
    Picture,
    PictureInfo,
    ReadText,
    Region,
    ScreenPoint,
    Settle,
    TextRead,
    WaitChange,
    WaitNode,
    WaitWindow,
    Window,
)

News: TypeAlias = WaitChange | WaitNode | WaitWindow
"""What the sandbox can wait for, so that nobody has to look again and again."""
BEAT_MS = (100, 250, 500, 1000)
"""Longest waits between looks at what nothing tells of; the last one is repeated. What never rests is read on it."""
QUIET_MS = 100
_LEAST = 0.05
_ACT = 10.0  # seconds an action gets when finding its target used up the time
_PICTURE = Picture()


class StepFailed(Exception):
    """A step did not do or find what it says."""

    def __init__(self, failure: StepFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Scene:
    """What a step works with. Times are of the event loop's clock, in seconds."""

    def __init__(
        self,
        desktop: Desktop,
        step: Step,
        emit: Emit,
        *,
        limit: float,
        quiet: float,
        last: str | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.desktop = desktop
        self.step = step
        self.limit = limit
        self.points: list[ScreenPoint] = []
        self.box: Region | None = None
        self.note = ""
        self.before = last
        self.after: str | None = None
        self._emit = emit
        self._secrets = secrets
        self._started = self._now()
        quiet_ms = max(1, round(quiet * 1000))
        self.settle = Settle(quiet_ms=quiet_ms, first_ms=max(250, quiet_ms), limit_ms=max(2000, 2 * quiet_ms))

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return self._now() - self._started

    @property
    def left(self) -> float:
        """Seconds until the step's time is over; never below zero."""
        return max(0.0, self.limit - self.seconds)

    # --- looking and acting -----------------------------------------------------------------------------------------

    async def perform(
        self, *actions: Action, settle: Settle | None = None, keep: Moment | None = None, deadline: float = _ACT
    ) -> Answer:
        """One round trip; with `keep`, its picture becomes the frame before or after this step."""
        wanted = bool(keep) and not self.step.secret
        answer = await self.desktop.perform(
            *actions,
            settle=settle,
            picture=_PICTURE if wanted and not self._secrets else None,
            timeout=max(self.left, deadline, 1.0),
        )
        if keep and wanted:
            self._keep(keep, *(await self.photograph() if self._secrets else (answer.reply.picture, answer.picture)))
        return answer

    async def photograph(self, picture: Picture = _PICTURE) -> tuple[PictureInfo | None, bytes]:
        """A picture of the screen as it may be kept: secrets that can be read in it are painted over."""
        look = (ReadText(region=picture.region),) if self._secrets else ()
        reply, data = await self.desktop.perform(*look, settle=None, picture=picture, timeout=max(self.left, _ACT))
        words = [word for result in reply.results if isinstance(result, TextRead) for word in result.words]
        info, boxes = reply.picture, secret_boxes(words, self._secrets)
        if info and boxes:
            data = await asyncio.to_thread(cover, data, boxes, Viewport(info.region, info.size))
            info = info.model_copy(update={"length": len(data)})
        return info, data

    def _keep(self, moment: Moment, info: PictureInfo | None, data: bytes) -> None:
        if info is None:
            return
        frame = sha256(data).hexdigest()
        self._emit(
            FrameCaptured(
                step=self.step.id, moment=moment, frame=frame, format=info.format, region=info.region, data=data
            )
        )
        if moment == "before":
            self.before = frame
        else:
            self.after = frame

    async def act(self, *actions: Action) -> None:
        """Do something to the desktop, wait for the screen to settle, keep the frame after it."""
        await self.perform(*actions, settle=self.settle, keep="after")

    async def windows(self) -> tuple[Window, ...]:
        """All windows, bottom to top."""
        return await self.desktop.windows()

    def looks(self) -> Looks:
        """To look again whenever the screen may have changed, until the time is over."""
        return Looks(self)

    # --- telling ----------------------------------------------------------------------------------------------------

    def output(self, result: ShellResult) -> None:
        """Tell what a command wrote."""
        self._emit(Output(step=self.step.id, text=result.output, exit_code=result.exit_code))

    def collected(self, source: str, name: str) -> None:
        """Tell of a new file among the run's files."""
        self._emit(FileCollected(step=self.step.id, source=source, name=name))

    async def failed(self, message: str, candidates: Sequence[Match] = ()) -> StepFailed:
        """The failure to raise, with the facts that are cheap to have."""
        title = None
        with suppress(HarnessError):  # what went wrong first is what is told
            title = next((window.title for window in await self.windows() if window.active), None)
        return StepFailed(
            StepFailure(
                message=message,
                candidates=tuple(Candidate(text=match.text, box=match.box) for match in candidates),
                window=title,
                waited=self.seconds,
            )
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class Looks:
    """`while await looks.again():` - at once, then whenever there may be news, last when no more can come."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._beats = chain(BEAT_MS, repeat(BEAT_MS[-1]))
        self._begun = self._over = False

    async def again(self, news: News | None = None) -> bool:
        """Whether to look once more; waits for news first, except the first time.

        `news` is what the sandbox can wait for: nobody looks before it comes, or the time is over. Where there is no
        such thing, as for files and commands, one looks on a beat: what they wait for mostly comes with a change of
        the screen, and otherwise within a second.
        """
        if not self._begun:
            self._begun = True
            return True
        if self._over or not self._scene.left:
            return False
        started, beat = self._scene.seconds, next(self._beats)
        try:
            if news:
                await self._wait(news, self._scene.left)
            else:
                await self._wait(WaitChange(), min(self._scene.left, beat / 1000))
            if not isinstance(news, WaitNode | WaitWindow):  # what changed is looked at when it rests, or a beat later
                limit = max(beat, 2 * QUIET_MS)
                resting = Settle(first_ms=QUIET_MS, quiet_ms=QUIET_MS, patience_ms=0, limit_ms=limit)
                await self._scene.perform(settle=resting)
        except (DeadlinePassed, NoSuchNode, NoSuchWindow):
            self._over = news is not None
        # A guest that answers at once, as a fake does, is not to be asked in a tight loop.
        await asyncio.sleep(min(self._scene.left, max(0.0, _LEAST - (self._scene.seconds - started))))
        return True

    async def _wait(self, news: News, seconds: float) -> None:
        wait = news.model_copy(update={"timeout_ms": max(1, round(seconds * 1000))})
        await self._scene.perform(wait, deadline=seconds + _ACT)
