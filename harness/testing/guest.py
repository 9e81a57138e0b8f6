"""A desktop in memory, at the level of the wire: no container, no X server, the same rules."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, assert_never

from harness.testing import keyboard
from harness.testing.computer import FakeFiles, ShellHandler, absolute, little_shell, run
from harness.testing.screen import FakeScreen, compare, photograph
from harness.testing.windows import FakeWindow, contains
from sandbox_image.wire import (
    Action,
    Answer,
    Click,
    Done,
    Drag,
    ErrorCode,
    Exit,
    Failure,
    FileInfo,
    Launch,
    Launched,
    ListWindows,
    Move,
    Output,
    Perform,
    Press,
    ReadFile,
    ReadText,
    Refused,
    Reply,
    Result,
    ScreenPoint,
    Scroll,
    Shell,
    Size,
    TextRead,
    TypeText,
    WaitWindow,
    WindowFound,
    WindowList,
    WriteFile,
)

if TYPE_CHECKING:
    from PIL.Image import Image

Factory: TypeAlias = Callable[[tuple[str, ...]], FakeWindow | None]
"""From an argv to the window the program opens, if any."""
Hook: TypeAlias = Callable[[Action], Awaitable[None]]


class FakeGuest:
    """Implements `wire.Guest`.

    `apps` maps the first word of a command line to what makes its window; `bash` answers commands, a little shell
    where none is given. Nothing in here moves on its own, so a window that is not there when it is waited for is
    refused at once; with `patient` the wait takes its time, for tests that `show` one meanwhile. `hook` is awaited
    while an action holds its button or keys.
    """

    def __init__(
        self,
        screen: Size | None = None,
        *,
        apps: Mapping[str, Factory] | None = None,
        files: Mapping[str, bytes] | None = None,
        bash: ShellHandler | None = None,
        patient: bool = False,
    ) -> None:
        self._screen = FakeScreen(screen or Size(width=800, height=600))
        self._files = FakeFiles()
        self._files.content.update({absolute(path): data for path, data in (files or {}).items()})
        self._handler = bash or little_shell(self._files)
        self._lock = asyncio.Lock()
        self._shown = asyncio.Event()
        self._next_pid = 1000
        self.apps = dict(apps or {})
        self.patient = patient
        self.hook: Hook | None = None
        self.pointer = ScreenPoint(x=self.screen.width // 2, y=self.screen.height // 2)
        self.held: set[str] = set()  # buttons and keys that are down
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

    def show(self, window: FakeWindow, pid: int | None = None) -> FakeWindow:
        """Open a window on top of the others."""
        self._screen.open(window, pid)
        self._shown.set()
        self._shown = asyncio.Event()
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
        if not request.actions:
            return self._answer(request, [], None, self._screen.render(), started)
        async with self._lock:
            before = self._screen.render()
            results, failure = await self._run(request)
            return self._answer(request, results, failure, before, started)

    async def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """Run a command through the handler."""
        self.commands.append(request.command)
        async for event in run(self._handler, request):
            yield event

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """Read from the dict of files."""
        return self._files.read(request)

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write to the dict of files."""
        return await self._files.write(request, content)

    # --- one request ----------------------------------------------------------------------------------------------

    async def _run(self, request: Perform) -> tuple[list[Result], Failure | None]:
        results: list[Result] = []
        try:
            async with asyncio.timeout(request.deadline_ms / 1000):
                for action in request.actions:
                    results.append(await self._do(action))
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
        info, data = photograph(frame, request.picture) if request.picture else (None, b"")
        reply = Reply(
            id=request.id,
            results=tuple(results),
            failure=failure,
            effect=compare(before, frame, request.settle) if request.settle else None,
            picture=info,
            took_ms=(time.monotonic() - started) * 1000,
        )
        return Answer(reply, data)

    async def _do(self, action: Action) -> Result:
        self._check(action)
        with self._holding(action):
            if self.hook:
                await self.hook(action)
        match action:
            case Launch():
                return self._launch(action)
            case WaitWindow():
                return await self._wait(action)
            case ListWindows():
                return WindowList(windows=self._screen.windows())
            case ReadText():
                return TextRead(words=self._screen.words(action.region or self._screen.whole))
            case Move() | Click() | Drag() | Scroll() | Press() | TypeText():
                self._input(action)
                self._screen.sweep()
                return Done()
            case _:
                assert_never(action)

    def _check(self, action: Action) -> None:
        """Refuse before anything moved, as the real desktop does."""
        match action:
            case Move(to=at) | Click(at=ScreenPoint() as at) | Scroll(at=ScreenPoint() as at):
                self._screen.check(at)
            case Drag():
                for at in action.path:
                    self._screen.check(at)
            case ReadText(region=region) if region:
                self._screen.check(region)
            case Press():
                keyboard.chord(action.keys)
            case TypeText():
                keyboard.check_typable(action.text)
            case _:
                pass

    @contextmanager
    def _holding(self, action: Action) -> Iterator[None]:
        down: set[str] = set()
        match action:
            case Click() | Drag():
                down = {action.button}
            case Press():
                down = set(keyboard.chord(action.keys))
            case _:
                pass
        self.held |= down
        try:
            yield
        finally:
            self.held -= down

    # --- input ----------------------------------------------------------------------------------------------------

    def _input(self, action: Move | Click | Drag | Scroll | Press | TypeText) -> None:
        match action:
            case Move():
                self.pointer = action.to
            case Click():
                self._click(action)
            case Drag():
                self._drag(action)
            case Scroll():
                self.pointer = action.at or self.pointer
                if under := self._screen.under(self.pointer):
                    under.window.scrolled(action.dx, action.dy)
            case Press():
                self._press(keyboard.chord(action.keys), action.repeat)
            case TypeText():
                if active := self._screen.active:
                    active.window.typed(action.text)
            case _:
                assert_never(action)

    def _click(self, action: Click) -> None:
        self.pointer = action.at or self.pointer
        hit = self._screen.raise_at(self.pointer)
        if hit and contains(hit.window.region, self.pointer):
            hit.window.clicked(self.pointer, action.button, action.count)

    def _drag(self, action: Drag) -> None:
        """A drag that begins on a title bar moves the window."""
        start, self.pointer = action.path[0], action.path[-1]
        hit = self._screen.raise_at(start)
        if hit and not contains(hit.window.region, start):
            region, dx, dy = hit.window.region, self.pointer.x - start.x, self.pointer.y - start.y
            hit.window.region = region.model_copy(update={"x": region.x + dx, "y": region.y + dy})

    def _press(self, keys: tuple[str, ...], repeat: int) -> None:
        active = self._screen.active
        if active and keys == ("alt", "f4"):
            active.window.closed = True
        elif active:
            for _ in range(repeat):
                active.window.pressed(keys)

    # --- programs and windows -------------------------------------------------------------------------------------

    def _launch(self, action: Launch) -> Launched:
        factory = self.apps.get(action.argv[0])
        if factory is None:
            known = ", ".join(sorted(self.apps)) or "none"
            raise Refused(ErrorCode.LAUNCH_FAILED, f"no program named {action.argv[0]!r}; this fake has: {known}")
        pid, self._next_pid = self._next_pid, self._next_pid + 1
        window = factory(action.argv)
        if window:
            self.show(window, pid)
        return Launched(pid=pid, log=f"/tmp/launch-{pid}.log")  # noqa: S108 - a path in the fake, as in the sandbox

    async def _wait(self, wanted: WaitWindow) -> WindowFound:
        try:
            re.compile(wanted.title_regex or "")
            async with asyncio.timeout(wanted.timeout_ms / 1000 if self.patient else 0):
                while not (found := self._screen.find(wanted)):
                    await self._shown.wait()
        except re.error as error:
            raise Refused(ErrorCode.MALFORMED, f"title_regex {wanted.title_regex!r}: {error}") from None
        except TimeoutError:
            raise Refused(ErrorCode.NO_SUCH_WINDOW, self._missing(wanted)) from None
        return WindowFound(window=found)

    def _missing(self, wanted: WaitWindow) -> str:
        given = wanted.model_dump(exclude_none=True, exclude={"kind", "timeout_ms"})
        titles = ", ".join(repr(window.title) for window in self._screen.windows()) or "none"
        return f"no window with {given} within {wanted.timeout_ms} ms; open windows: {titles}"
