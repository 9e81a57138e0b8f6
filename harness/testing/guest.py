"""A desktop in memory, at the level of the wire: no container, no X server, the same rules."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, assert_never

from harness.testing.accessibility import FakeAccessibility
from harness.testing.clipboard import FakeClipboard
from harness.testing.eyes import compare, photograph
from harness.testing.files import FakeFiles, absolute
from harness.testing.held import Held, Hook
from harness.testing.keyboard import FakeKeyboard
from harness.testing.live import FakeLive
from harness.testing.manager import FakeManager
from harness.testing.pointer import FakePointer
from harness.testing.programs import Factory, FakeProgram, FakePrograms
from harness.testing.screen import FakeScreen
from harness.testing.shell import FakeShells, ShellHandler
from harness.testing.waiting import FakeWaiting
from sandbox_image.wire import (
    AccessibilityAction,
    Action,
    Answer,
    ClipboardAction,
    ErrorCode,
    Event,
    Exit,
    Failure,
    FileAction,
    FileInfo,
    KeyboardAction,
    Listen,
    Output,
    Perform,
    PointerAction,
    ProgramAction,
    ReadFile,
    ReadingAction,
    Refused,
    Reply,
    Result,
    ScreenPoint,
    Shell,
    ShellAction,
    Size,
    TextRead,
    WaitingAction,
    WindowAction,
    WriteFile,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from harness.testing.windows import FakeWindow


class FakeGuest:
    """Implements `wire.Guest`.

    `apps` maps the first word of a command line to what makes its window, `openers` a suffix such as `.txt` or the
    scheme of an address to such a word; `bash` answers commands, a little shell where none is given. Nothing in here
    moves on its own, so a window that is not there when it is waited for is refused at once; with `patient` the wait
    takes its time, for tests that `show` one meanwhile. `hook` is awaited while an action holds its button or keys.
    """

    def __init__(
        self,
        screen: Size | None = None,
        *,
        apps: Mapping[str, Factory] | None = None,
        openers: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        bash: ShellHandler | None = None,
        patient: bool = False,
    ) -> None:
        self._screen = FakeScreen(screen or Size(width=800, height=600))
        self._files = FakeFiles()
        self._files.content.update({absolute(path): data for path, data in (files or {}).items()})
        self._shells = FakeShells(self._files, bash)
        self._lock = asyncio.Lock()
        self._held = Held()
        self._pointer = FakePointer(self._screen, self._held)
        self._clipboard = FakeClipboard(self._held)
        self._keyboard = FakeKeyboard(self._screen, self._held, self._clipboard)
        self._manager = FakeManager(self._screen, self._held, patient=patient)
        self._waiting = FakeWaiting(self._screen, self._held, patient=patient)
        self._accessibility = FakeAccessibility(self._screen, self._held, patient=patient)
        self._programs = FakePrograms(self._manager, self._held, self._files, apps=apps or {}, openers=openers or {})
        self.done: list[Action] = []  # every action that was done, in order
        self.commands: list[str] = []  # every shell command

    # --- for tests ------------------------------------------------------------------------------------------------

    @property
    def screen(self) -> Size:
        """Size of the screen."""
        return self._screen.size

    @property
    def files(self) -> dict[str, bytes]:
        """Files by absolute path."""
        return self._files.content

    @property
    def pointer(self) -> ScreenPoint:
        """Where the pointer is."""
        return self._pointer.at

    @property
    def held(self) -> set[str]:
        """Buttons and keys that are down, by name."""
        return {*self._held.buttons, *self._held.keys}

    @property
    def programs(self) -> dict[int, FakeProgram]:
        """The programs that were started, by pid."""
        return self._programs.started

    @property
    def hook(self) -> Hook | None:
        """Awaited while an action holds its button or keys, and before it takes effect."""
        return self._held.hook

    @hook.setter
    def hook(self, hook: Hook | None) -> None:
        self._held.hook = hook

    def show(self, window: FakeWindow, pid: int | None = None) -> FakeWindow:
        """Open a window on top of the others."""
        self._manager.show(window, pid)
        self._screen.tell()
        return window

    # --- wire.Guest -----------------------------------------------------------------------------------------------

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, compare the frames before and after, take the picture."""
        started = time.monotonic()
        if request.picture and request.picture.region:
            try:
                self._screen.check(request.picture.region)
            except Refused as refused:  # before anything is done
                return Answer(Reply(id=request.id, failure=refused.failure, took_ms=0), b"")
        async with self._lock if request.acts else nullcontext():
            before = self._screen.render()
            results, failure = await self._run(request)
            return self._answer(request, results, failure, before, started)

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """Run a command through the handler."""
        self.commands.append(request.command)
        async for event in self._shells.run(request):
            yield event

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """Read from the dict of files."""
        return self._files.read(request)

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write to the dict of files."""
        return await self._files.write(request, content)

    def events(self, request: Listen) -> AsyncGenerator[Event]:
        """Tell what actions and `show` change."""
        return FakeLive(self._screen, lambda: self._pointer.at, self._programs.listed).listen(request)

    # --- one request ----------------------------------------------------------------------------------------------

    async def _run(self, request: Perform) -> tuple[list[Result], Failure | None]:
        results: list[Result] = []
        try:
            with self._held.request():
                async with asyncio.timeout(request.deadline_ms / 1000):
                    for action in request.actions:
                        results.append(await self._do(action))
                        self._screen.sweep()
                        self._screen.tell()
                        self.done.append(action)
        except Refused as refused:
            return results, refused.failure.model_copy(update={"action": len(results)})
        except TimeoutError:
            message = f"not done within {request.deadline_ms} ms"
            return results, Failure(code=ErrorCode.DEADLINE, message=message, action=len(results))
        return results, None

    def _answer(
        self, request: Perform, results: list[Result], failure: Failure | None, before: Image, started: float
    ) -> Answer:
        frame = self._screen.render()
        effect = compare(before, frame, request.settle) if request.settle else None
        taken = request.picture and photograph(frame, request.picture, self._pointer.at, effect)
        info, data = taken or (None, b"")
        reply = Reply(
            id=request.id,
            results=tuple(results),
            failure=failure,
            effect=effect,
            picture=info,
            took_ms=(time.monotonic() - started) * 1000,
        )
        return Answer(reply, data)

    async def _do(self, action: Action) -> Result:  # noqa: C901, PLR0911 - one for each room
        """Each room does its own."""
        if isinstance(action, PointerAction):
            return await self._pointer.do(action)
        if isinstance(action, KeyboardAction):
            return await self._keyboard.do(action)
        if isinstance(action, ClipboardAction):
            return await self._clipboard.do(action)
        if isinstance(action, WindowAction):
            return await self._manager.do(action)
        if isinstance(action, ReadingAction):
            return await self._read(action)
        if isinstance(action, WaitingAction):
            return await self._waiting.do(action)
        if isinstance(action, ProgramAction):
            return await self._programs.do(action)
        if isinstance(action, AccessibilityAction):
            return await self._accessibility.do(action)
        if isinstance(action, FileAction):
            return self._files.do(action)
        if isinstance(action, ShellAction):
            return self._shells.do(action)
        assert_never(action)

    async def _read(self, action: ReadingAction) -> TextRead:
        if action.region:
            self._screen.check(action.region)
        if missing := set(action.languages) - {"eng"}:
            raise Refused(ErrorCode.MISSING, f"the image has no OCR data for {', '.join(sorted(missing))}; it has eng")
        region = action.region or self._screen.whole
        async with self._held.during(action):
            return TextRead(words=self._screen.words(region), seen=self._screen.token(region))
