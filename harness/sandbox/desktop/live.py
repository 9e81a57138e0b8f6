"""What happens at the desktop, as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from harness.geometry import Viewport
from harness.sandbox.desktop.eyes import Screenshot
from harness.sandbox.desktop.requests import Area, Extent, Requests, area, extent, refusals, sendable
from sandbox_image.wire import (
    Frames,
    Listen,
    LiveFrame,
    Picture,
    PictureFormat,
    Program,
    ProgramList,
    Region,
    Window,
    WindowList,
)


@dataclass(frozen=True, slots=True)
class Frame(Screenshot):
    """A live frame: a whole picture, which of them it is, when it was taken, and what changed since the one before.

    `changed` is in screen pixels and None for the first frame.
    """

    sequence: int
    time: datetime
    changed: Region | None


@dataclass(frozen=True, slots=True)
class WindowChange:
    """What became of a window; `window` is it as it is now, or was last where it closed."""

    change: Literal["opened", "closed", "focused", "renamed", "moved"]
    window: Window


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """What became of a program that was launched or opened; `program` is it as it is now, `code` how it ended.

    One is `lost`, as it was last, when the sandbox's worker had to be started again: it may go on, and how it ends
    nobody will know.
    """

    change: Literal["started", "ended", "lost"]
    program: Program


class Live(Requests):
    """What can be listened to.

    Nothing is queued: whoever is slow gets the newest frame, and of the rest what is different by then. A stream goes
    on until it is left, which needs `contextlib.aclosing` where the loop around it may break off; it ends with
    SandboxLost, Restarted, or an ActionFailed such as NotOnScreen for the region. A line that drops is taken up
    again and begins with a new first frame.
    """

    async def frames(
        self,
        fps: float = 4.0,
        *,
        region: Area | None = None,
        size: Extent | None = None,
        format: Literal["auto"] | PictureFormat = "jpeg",  # noqa: A002 - the word every picture library uses
        quality: int = 80,
        pointer: bool = True,
    ) -> AsyncGenerator[Frame]:
        """Pictures of the screen: one at once, another whenever it has changed, at most `fps` a second, up to 30.

        `region`, `size`, `format`, `quality` and `pointer` are those of `screenshot`; the pointer is drawn unless it
        is asked not to be, and one that moves is a change. Raises NotOnScreen, UsageError; SandboxLost and Restarted
        under way.
        """
        with sendable():
            picture = Picture(region=area(region), size=extent(size), format=format, quality=quality, pointer=pointer)
            listen = Listen(frames=Frames(picture=picture, fps=fps))
        async with aclosing(self.events(listen)) as events:
            async for event in events:
                if isinstance(event, Frame):
                    yield event

    async def window_changes(self) -> AsyncGenerator[WindowChange]:
        """What becomes of windows: opened, closed, focused, renamed, moved. Those there are come first, as opened.

        Raises SandboxLost and Restarted under way.
        """
        async with aclosing(self.events(Listen(windows=True))) as events:
            async for event in events:
                if isinstance(event, WindowChange):
                    yield event

    async def program_changes(self) -> AsyncGenerator[ProgramChange]:
        """Which programs start and end. Those known come first, as started, and as ended where they have.

        So the end of a program is told also to whoever begins to listen after it. Known are those of `programs`.
        Raises SandboxLost and Restarted under way.
        """
        async with aclosing(self.events(Listen(programs=True))) as events:
            async for event in events:
                if isinstance(event, ProgramChange):
                    yield event

    async def events(self, listen: Listen) -> AsyncGenerator[Frame | WindowChange | ProgramChange]:
        """Frames and changes in the order they come, over one connection. Raises as `frames` does."""
        windows: tuple[Window, ...] = ()
        programs: tuple[Program, ...] = ()
        with refusals():
            async with aclosing(self._guest.events(listen)) as events:
                async for event in events:
                    match event:
                        case LiveFrame():
                            yield _frame(event)
                        case WindowList():
                            for change in changes(windows, event.windows):
                                yield change
                            windows = event.windows
                        case ProgramList():
                            for started_or_ended in starts_and_ends(programs, event.programs):
                                yield started_or_ended
                            programs = event.programs


def starts_and_ends(before: Sequence[Program], after: Sequence[Program]) -> Iterator[ProgramChange]:
    """What became of programs from one list to the next; each has a log of its own, while pids come again."""
    known, there = ({program.log: program for program in programs} for programs in (before, after))
    for log, program in known.items():
        if program.running and log not in there:
            yield ProgramChange("lost", program)
    for log, program in there.items():
        old = known.get(log)
        if old is None:
            yield ProgramChange("started", program)
        if not program.running and (old is None or old.running):
            yield ProgramChange("ended", program)


def changes(before: Sequence[Window], after: Sequence[Window]) -> Iterator[WindowChange]:
    """What became of windows from one list to the next: first what is gone, then what is new or different."""
    known, there = ({window.id: window for window in windows} for windows in (before, after))
    for number, window in known.items():
        if number not in there:
            yield WindowChange("closed", window)
    for number, window in there.items():
        old = known.get(number)
        if old is None:
            yield WindowChange("opened", window)
        elif old.title != window.title:
            yield WindowChange("renamed", window)
        if old and old.region != window.region:
            yield WindowChange("moved", window)
        if window.active and not (old and old.active):
            yield WindowChange("focused", window)


def _frame(event: LiveFrame) -> Frame:
    info, data = event
    return Frame(
        data=data,
        format=info.picture.format,
        viewport=Viewport(region=info.picture.region, shown=info.picture.size),
        sequence=info.sequence,
        time=datetime.fromtimestamp(info.time_ms / 1000, UTC),
        changed=info.changed,
    )
