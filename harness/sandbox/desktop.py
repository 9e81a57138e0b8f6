"""A desktop as the person in front of it: point, click, type, look, run a command, bring files.

All places are **screen pixels**, origin top left; all durations are seconds unless a name ends in `_ms`. Nothing
is clamped: a point off the screen raises NotOnScreen and moves nothing. What the sandbox refuses is raised as a
subclass of ActionFailed, and the sandbox goes on; what cannot be sent at all is a UsageError.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from uuid import uuid4

from pydantic import ValidationError

from harness.errors import UsageError, WireMismatch, from_failure
from harness.geometry import Viewport
from harness.sandbox import transfer
from sandbox_image.wire import (
    Action,
    Answer,
    Button,
    Click,
    Drag,
    Effect,
    Exit,
    Guest,
    Launch,
    Launched,
    ListWindows,
    Move,
    Output,
    Perform,
    Picture,
    Press,
    ReadFile,
    ReadText,
    Refused,
    Region,
    ScreenPoint,
    Scroll,
    Settle,
    Shell,
    Size,
    TextRead,
    TypeText,
    WaitWindow,
    Window,
    WindowFound,
    WindowList,
    Word,
    WriteFile,
)

if TYPE_CHECKING:
    from PIL.Image import Image

Place: TypeAlias = ScreenPoint | Region | tuple[int, int]
"""Where to point: a pixel, or a region, which means its centre."""

DEADLINE = 60.0
"""Seconds one request may take unless it is told otherwise."""
OUTPUT_LIMIT = 1_000_000
"""Bytes of output of one command that are kept unless it is told otherwise."""
_GRACE = 20.0  # for the round trip and the picture, on top of a wait that has a time of its own
_SETTLE = Settle()

R = TypeVar("R")
_Kind: TypeAlias = type[R]  # inside Desktop, `type` is a method


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of the screen, encoded, and how it relates to the screen."""

    data: bytes
    format: Literal["png", "jpeg"]
    viewport: Viewport

    @property
    def size(self) -> Size:
        """Width and height of the picture in its own pixels."""
        return self.viewport.shown

    def image(self) -> Image:
        """The picture decoded, in RGB."""
        from PIL import Image  # noqa: PLC0415 - whoever only sends a picture on never decodes it

        return Image.open(io.BytesIO(self.data)).convert("RGB")

    def save(self, path: Path | str) -> None:
        """Write the encoded bytes as they are, whatever the path ends in."""
        Path(path).write_bytes(self.data)


@dataclass(frozen=True, slots=True)
class ShellResult:
    """What became of one command. `exit_code` is None where it had no end of its own."""

    output: str  # standard output and standard error, in the order they came
    exit_code: int | None
    timed_out: bool = False
    omitted: int = 0  # bytes cut from the middle of the output
    session_ended: bool = False  # the command ended its session; the next one gets a new one


class Desktop:
    """What a person can do at a desktop, over anything that speaks the wire."""

    def __init__(self, guest: Guest, screen: Size) -> None:
        self._guest = guest
        self._screen = screen

    @property
    def screen(self) -> Size:
        """Size of the whole screen."""
        return self._screen

    # --- one round trip -------------------------------------------------------------------------------------------

    async def perform(
        self,
        *actions: Action,
        settle: Settle | None = _SETTLE,
        picture: Picture | None = None,
        deadline: float = DEADLINE,
    ) -> Answer:
        """Do the actions in order, wait for the screen to be still, take the picture: one round trip.

        Raises an ActionFailed for the first action that fails; it carries the results before it, the effect and
        the picture, which is taken all the same.
        """
        with _sendable():
            request = Perform(
                id=uuid4().hex, deadline_ms=_ms(deadline), actions=actions, settle=settle, picture=picture
            )
        reply, data = await self._guest.perform(request)
        if reply.failure:
            raise from_failure(reply.failure, reply, data)
        if len(reply.results) != len(actions):
            raise WireMismatch(f"{len(actions)} actions were sent and {len(reply.results)} results came back")
        return Answer(reply, data)

    # --- look -----------------------------------------------------------------------------------------------------

    async def screenshot(
        self,
        *,
        region: Region | None = None,
        size: Size | None = None,
        format: Literal["auto", "png", "jpeg"] = "auto",  # noqa: A002 - the word every picture library uses
        settle: Settle | None = None,
    ) -> Screenshot:
        """A picture of the screen or of a region of it, scaled to exactly `size` where one is given.

        `auto` is PNG, or JPEG where the PNG would be large. With `settle`, first wait for the screen to be still.
        """
        with _sendable():
            picture = Picture(region=region, size=size, format=format)
        reply, data = await self.perform(settle=settle, picture=picture)
        if reply.picture is None:
            raise WireMismatch("a picture was asked for and none came back")
        viewport = Viewport(region=reply.picture.region, shown=reply.picture.size)
        return Screenshot(data=data, format=reply.picture.format, viewport=viewport)

    async def read_text(self, region: Region | None = None) -> tuple[Word, ...]:
        """The words on the screen, or in a region of it, by OCR, in reading order; boxes in screen pixels."""
        return (await self._one(ReadText(region=region), TextRead)).words

    async def windows(self) -> tuple[Window, ...]:
        """The windows that the window manager manages, bottom to top."""
        return (await self._one(ListWindows(), WindowList)).windows

    # --- pointer --------------------------------------------------------------------------------------------------

    async def move(self, to: Place, *, settle: Settle = _SETTLE) -> Effect:
        """Move the pointer."""
        with _sendable():
            action = Move(to=_point(to))
        return await self._act(action, settle)

    async def click(
        self, at: Place | None = None, *, button: Button = "left", count: int = 1, settle: Settle = _SETTLE
    ) -> Effect:
        """Click one to three times; at the pointer where no place is given."""
        with _sendable():
            action = Click(at=None if at is None else _point(at), button=button, count=count)
        return await self._act(action, settle)

    async def drag(self, *path: Place, button: Button = "left", settle: Settle = _SETTLE) -> Effect:
        """Press at the first place, move through the others, release at the last."""
        with _sendable():
            action = Drag(path=tuple(_point(place) for place in path), button=button)
        return await self._act(action, settle)

    async def scroll(self, at: Place | None = None, *, dx: int = 0, dy: int = 0, settle: Settle = _SETTLE) -> Effect:
        """Turn the wheel by clicks: `dx` to the right, `dy` down, negative for left and up."""
        with _sendable():
            action = Scroll(at=None if at is None else _point(at), dx=dx, dy=dy)
        return await self._act(action, settle)

    # --- keyboard -------------------------------------------------------------------------------------------------

    async def press(self, keys: str, *, repeat: int = 1, settle: Settle = _SETTLE) -> Effect:
        """Press a key or a chord such as `ctrl+shift+t`. Raises UnknownKey, and then nothing was pressed."""
        with _sendable():
            action = Press(keys=keys, repeat=repeat)
        return await self._act(action, settle)

    async def type(self, text: str, *, settle: Settle = _SETTLE) -> Effect:
        """Type text at the keyboard focus, exactly. Raises Untypable, and then nothing was typed."""
        with _sendable():
            action = TypeText(text=text)
        return await self._act(action, settle)

    # --- programs -------------------------------------------------------------------------------------------------

    async def launch(self, *argv: str, cwd: str | None = None) -> Launched:
        """Start a program as the desktop user; it goes on when the request is over. Raises LaunchFailed."""
        with _sendable():
            action = Launch(argv=argv, cwd=cwd)
        return await self._one(action, Launched)

    async def wait_for_window(
        self,
        title: str | None = None,
        *,
        title_regex: str | None = None,
        window_class: str | None = None,
        pid: int | None = None,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting, and says what it saw meanwhile
    ) -> Window:
        """Wait for a visible window that matches everything given; raises NoSuchWindow after `timeout`."""
        with _sendable():
            action = WaitWindow(
                title=title, title_regex=title_regex, window_class=window_class, pid=pid, timeout_ms=_ms(timeout, 0)
            )
        return (await self._one(action, WindowFound, deadline=timeout + _GRACE)).window

    async def bash(
        self,
        command: str,
        *,
        timeout: float = 120.0,  # noqa: ASYNC109 - the sandbox ends the command, and keeps its session
        session: str = "main",
        restart: bool = False,
        max_output: int = OUTPUT_LIMIT,
    ) -> ShellResult:
        """Run a command in a bash session of the desktop user that keeps its folder, variables and jobs.

        A command that runs longer than `timeout` is killed and the result says so. `restart` ends the session
        and all it started before the command runs.
        """
        with _sendable():
            request = Shell(
                id=uuid4().hex,
                command=command,
                restart=restart,
                session=session,
                timeout_ms=_ms(timeout),
                max_output=max_output,
            )
        parts: list[str] = []
        end: Exit | None = None
        with _refusals():
            async for event in self._guest.shell(request):
                match event:
                    case Output(text=text):
                        parts.append(text)
                    case Exit():
                        end = event
        if end is None:
            raise WireMismatch("the shell's answer ended without saying how the command ended")
        return ShellResult("".join(parts), end.code, end.timed_out, end.omitted, end.session_ended)

    # --- files ----------------------------------------------------------------------------------------------------

    async def read(self, path: str, *, limit: int = transfer.LIMIT) -> bytes:
        """A file's bytes. Raises FileFailed; ActionFailed with code `oversized` beyond `limit` bytes."""
        with _sendable():
            request = ReadFile(path=path)
        with _refusals():
            return await transfer.collect(self._guest.read_file(request), limit)

    async def get(self, path: str, to: Path | str, *, limit: int = transfer.LIMIT) -> None:
        """Bring a file to `to`, or a folder's content into the folder `to`; whole or not at all for a file."""
        with _sendable():
            request = ReadFile(path=path)
        with _refusals():
            await transfer.save(self._guest.read_file(request), Path(to), limit)

    async def put(self, source: Path | str | bytes, path: str, *, mode: int = 0o644) -> None:
        """Put a local file, or bytes, at a path in the sandbox; missing folders are made."""
        with _sendable():
            request = WriteFile(path=path, mode=mode)
        with _refusals():
            await self._guest.write_file(request, transfer.pieces(source))

    # --- helpers --------------------------------------------------------------------------------------------------

    async def _act(self, action: Action, settle: Settle) -> Effect:
        reply, _ = await self.perform(action, settle=settle, deadline=DEADLINE + settle.limit_ms / 1000)
        if reply.effect is None:
            raise WireMismatch("the effect on the screen was asked for and none came back")
        return reply.effect

    async def _one(self, action: Action, kind: _Kind[R], *, deadline: float = DEADLINE) -> R:
        reply, _ = await self.perform(action, settle=None, deadline=deadline)
        (result,) = reply.results
        if not isinstance(result, kind):
            raise WireMismatch(f"{action.kind!r} was answered with {result.kind!r}")
        return result


def describe(effect: Effect) -> str:
    """An effect in words, for a person or a model."""
    if not effect.changed or effect.box is None:
        return f"nothing changed on the screen (waited {effect.waited_ms:.0f} ms)"
    box = effect.box
    share = f"{effect.share:.0%}" if effect.share >= 0.01 else "less than 1%"  # noqa: PLR2004 - what the text says
    end = "is still" if effect.still else f"was still changing after {effect.waited_ms:.0f} ms"
    return f"changed {share} of the screen, in {box.width}x{box.height} at ({box.x}, {box.y}); the screen {end}"


def _point(place: Place) -> ScreenPoint:
    match place:
        case ScreenPoint():
            return place
        case Region():
            return place.center
        case (x, y):
            return ScreenPoint(x=x, y=y)


def _ms(seconds: float, least: int = 1) -> int:
    return max(least, round(seconds * 1000))


@contextmanager
def _sendable() -> Iterator[None]:
    """Say in words which value cannot be sent, as the caller's error."""
    try:
        yield
    except ValidationError as error:
        told = (f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r:.80})" for e in error.errors())
        raise UsageError("; ".join(told)) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise what the guest refuses as the host's own error."""
    try:
        yield
    except Refused as refused:
        raise from_failure(refused.failure) from None
