"""Every request, reply and error code that crosses between host and sandbox. No I/O, no X11, no Docker.

Both sides import this file: the image carries a copy of it, the host imports the same text, and a fingerprint
of it is compared when a sandbox starts. All places are **screen pixels**, origin top left; all durations are
milliseconds unless the name says otherwise. Adding an action is one model here, one arm in `dispatch.py` and
one method in `harness/sandbox/desktop.py`; both matches end in `assert_never`, so the type checker names what
was forgotten.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterable, AsyncIterator
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

MAX_REQUEST_BYTES = 1 << 20
"""Largest JSON request body the server reads; a longer one is refused before it is parsed."""
MAX_COORDINATE = 32_767
"""X11 speaks of places in signed 16-bit integers."""
MAX_TEXT = 100_000
"""Longest text one `type` action takes, in characters."""
MAX_DEADLINE_MS = 3_600_000
FRAME_TYPE = "application/vnd.harness.frame"
"""Media type of a reply frame: big-endian u32 length, that many bytes of JSON, then the picture."""
EVENTS_TYPE = "application/x-ndjson"
"""Media type of a streamed shell reply: one `ShellEvent` in JSON a line."""
BOOT_HEADER = "harness-boot"
"""Request header naming the server instance the host means; another instance refuses with `restarted`."""


class Message(BaseModel):
    """What all wire types share: immutable, no unknown fields, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# --- geometry -------------------------------------------------------------------------------------------------


class ScreenPoint(Message):
    """A place on the screen in native pixels. May lie off the screen; whoever acts on it checks that."""

    x: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    y: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)


class Size(Message):
    """Width and height in pixels, both at least one."""

    width: int = Field(ge=1, le=MAX_COORDINATE)
    height: int = Field(ge=1, le=MAX_COORDINATE)


class Region(Message):
    """A rectangle of screen pixels: left, top, width, height."""

    x: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    y: int = Field(ge=-MAX_COORDINATE - 1, le=MAX_COORDINATE)
    width: int = Field(ge=1, le=MAX_COORDINATE)
    height: int = Field(ge=1, le=MAX_COORDINATE)

    @property
    def center(self) -> ScreenPoint:
        """The pixel in the middle, the upper left one of the four where there are four."""
        return ScreenPoint(x=self.x + (self.width - 1) // 2, y=self.y + (self.height - 1) // 2)

    @property
    def size(self) -> Size:
        """Width and height without the place."""
        return Size(width=self.width, height=self.height)


# --- actions --------------------------------------------------------------------------------------------------

Button = Literal["left", "middle", "right"]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Move(Message):
    """Move the pointer."""

    kind: Literal["move"] = "move"
    to: ScreenPoint


class Click(Message):
    """Press and release a button `count` times; at the pointer where no place is given."""

    kind: Literal["click"] = "click"
    at: ScreenPoint | None = None
    button: Button = "left"
    count: int = Field(default=1, ge=1, le=3)


class Drag(Message):
    """Press at the first point, move through the others with motion between them, release at the last."""

    kind: Literal["drag"] = "drag"
    path: tuple[ScreenPoint, ...] = Field(min_length=2, max_length=1000)
    button: Button = "left"


class Scroll(Message):
    """Turn the wheel: `dx` clicks to the right and `dy` clicks down, negative for left and up."""

    kind: Literal["scroll"] = "scroll"
    at: ScreenPoint | None = None
    dx: int = Field(default=0, ge=-1000, le=1000)
    dy: int = Field(default=0, ge=-1000, le=1000)

    @model_validator(mode="after")
    def _turns(self) -> Scroll:
        if self.dx == 0 and self.dy == 0:
            raise ValueError("a scroll needs a dx or a dy other than 0")
        return self


class Press(Message):
    """Press a key or a chord such as `ctrl+shift+t`, `repeat` times. Key names in any case, xdotool's spelling."""

    kind: Literal["press"] = "press"
    keys: str = Field(min_length=1, max_length=200)
    repeat: int = Field(default=1, ge=1, le=100)


class TypeText(Message):
    """Type text at the keyboard focus, character by character, exactly."""

    kind: Literal["type"] = "type"
    text: Text


class Launch(Message):
    """Start a program as the desktop user. It outlives the request; its output goes to a log file."""

    kind: Literal["launch"] = "launch"
    argv: tuple[str, ...] = Field(min_length=1, max_length=1000)
    cwd: str | None = None  # home of the desktop user where not given


class WaitWindow(Message):
    """Wait until a visible window matches everything given; the newest one where several do.

    `title` is a part of the title, case folded; `title_regex` a Python regular expression searched in it;
    `window_class` either half of WM_CLASS, case folded; `pid` that of the process that owns the window.
    """

    kind: Literal["wait_window"] = "wait_window"
    title: str | None = None
    title_regex: str | None = None
    window_class: str | None = None
    pid: int | None = None
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class ListWindows(Message):
    """List the windows that the window manager manages, bottom to top."""

    kind: Literal["list_windows"] = "list_windows"


class ReadText(Message):
    """Read the text on the screen, or in a region of it, by OCR."""

    kind: Literal["read_text"] = "read_text"
    region: Region | None = None


Action = Annotated[
    Move | Click | Drag | Scroll | Press | TypeText | Launch | WaitWindow | ListWindows | ReadText,
    Field(discriminator="kind"),
]


# --- results of actions ---------------------------------------------------------------------------------------


class Done(Message):
    """The action happened and has nothing to tell."""

    kind: Literal["done"] = "done"


class Launched(Message):
    """A program was started."""

    kind: Literal["launched"] = "launched"
    pid: int
    log: str  # path in the sandbox that collects its output


class Window(Message):
    """One window, as the window manager sees it. `region` is the client area without the frame."""

    id: int
    title: str
    window_class: tuple[str, str]  # WM_CLASS: instance, class
    pid: int | None
    region: Region
    active: bool


class WindowFound(Message):
    """The window that was waited for."""

    kind: Literal["window_found"] = "window_found"
    window: Window


class WindowList(Message):
    """All managed windows, bottom to top."""

    kind: Literal["window_list"] = "window_list"
    windows: tuple[Window, ...]


class Word(Message):
    """One word as OCR read it."""

    text: str
    box: Region
    confidence: float = Field(ge=0, le=100)
    line: int  # words of one printed line share a number, in reading order


class TextRead(Message):
    """What OCR read, in reading order."""

    kind: Literal["text_read"] = "text_read"
    words: tuple[Word, ...]


Result = Annotated[Done | Launched | WindowFound | WindowList | TextRead, Field(discriminator="kind")]


# --- one request: actions, settle, picture --------------------------------------------------------------------

RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
DeadlineMs = Annotated[int, Field(ge=1, le=MAX_DEADLINE_MS)]


class Settle(Message):
    """How long to wait for the screen to be still after the actions.

    Wait up to `first_ms` for the first damage; nothing by then means nothing will come. Then wait until
    `quiet_ms` pass without damage, `limit_ms` in all at most.
    """

    quiet_ms: int = Field(default=200, ge=1, le=60_000)
    first_ms: int = Field(default=250, ge=1, le=60_000)
    limit_ms: int = Field(default=2_000, ge=1, le=MAX_DEADLINE_MS)


class Picture(Message):
    """Which picture to bring back: a region of the screen, scaled to exactly `size`, encoded.

    `auto` is PNG, or JPEG where the PNG would pass `png_limit` bytes.
    """

    region: Region | None = None  # the whole screen
    size: Size | None = None  # as captured
    format: Literal["auto", "png", "jpeg"] = "auto"
    png_limit: int = Field(default=200_000, ge=0)
    quality: int = Field(default=80, ge=1, le=95)


class Perform(Message):
    """Do the actions in order, wait for the screen, take the picture: all in one round trip.

    On the first action that fails the rest are left out; the picture is still taken.
    """

    kind: Literal["perform"] = "perform"
    id: RequestId
    deadline_ms: DeadlineMs = 60_000
    actions: tuple[Action, ...] = Field(default=(), max_length=100)
    settle: Settle | None = None
    picture: Picture | None = None


class ErrorCode(StrEnum):
    """Why a request, or one action of it, failed. A closed list: the host maps each to a class of its own."""

    MALFORMED = "malformed"  # not a request this wire knows
    OVERSIZED = "oversized"  # body, text or picture beyond a limit
    CONFLICT = "conflict"  # the id was used for another request
    RESTARTED = "restarted"  # the server is not the one the host spoke to before
    UNKNOWN_REQUEST = "unknown_request"  # cancel of an id that is not running
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    OFF_SCREEN = "off_screen"
    UNKNOWN_KEY = "unknown_key"
    UNTYPABLE = "untypable"  # a character that no key of the layout gives
    NO_SUCH_WINDOW = "no_such_window"
    LAUNCH_FAILED = "launch_failed"
    NOT_FOUND = "not_found"  # a file or folder
    DENIED = "denied"  # by the file system
    FILE_ERROR = "file_error"  # any other refusal of the file system: full, a folder, a name too long
    BLOCKED = "blocked"  # a program holds the pointer for itself
    WORKER_LOST = "worker_lost"  # the process with the desktop user's rights ended; it is started again
    DISPLAY_LOST = "display_lost"  # the X server ended or stopped answering
    INTERNAL = "internal"  # a bug in the server


class Failure(Message):
    """A code and a sentence: what was found, what is allowed, what to do next."""

    kind: Literal["failure"] = "failure"
    code: ErrorCode
    message: str
    action: int | None = None  # index of the action that failed, where one did


class Effect(Message):
    """What became of the screen between the first action and the picture."""

    changed: bool
    box: Region | None  # smallest rectangle that holds every changed pixel
    share: float = Field(ge=0, le=1)  # changed pixels over all pixels
    still: bool  # False: the screen was still changing when the limit came
    waited_ms: float = Field(ge=0)


class PictureInfo(Message):
    """The picture that follows the reply in its frame."""

    region: Region
    size: Size
    format: Literal["png", "jpeg"]
    length: int = Field(ge=1)  # bytes


class Reply(Message):
    """Outcome of a `Perform`. `results` holds one entry for each action that succeeded."""

    kind: Literal["reply"] = "reply"
    id: RequestId
    results: tuple[Result, ...] = ()
    failure: Failure | None = None
    effect: Effect | None = None  # where settling was asked for
    picture: PictureInfo | None = None
    took_ms: float = Field(ge=0)


class Answer(NamedTuple):
    """A reply and the picture's bytes, empty where none was asked for."""

    reply: Reply
    picture: bytes


# --- shell ----------------------------------------------------------------------------------------------------


class Shell(Message):
    """Run a command in a persistent bash session of the desktop user.

    A command that passes `timeout_ms` is killed with its process group; the session is ready for the next one.
    `restart` ends the session and all it started first; with an empty command nothing more happens. Output
    beyond `max_output` bytes is cut in the middle: the first and the last half are kept, and a line between them says
    how many bytes are gone.
    """

    kind: Literal["shell"] = "shell"
    id: RequestId
    command: str = Field(default="", max_length=MAX_REQUEST_BYTES // 2)
    restart: bool = False
    session: str = Field(default="main", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    timeout_ms: DeadlineMs = 120_000
    max_output: int = Field(default=1_000_000, ge=1_000, le=64_000_000)


class Output(Message):
    """Some output, both streams in the order they came. Bytes that are not UTF-8 become U+FFFD."""

    kind: Literal["output"] = "output"
    text: str


class Exit(Message):
    """The command ended. Always the last event of a shell reply that has no `Failure`."""

    kind: Literal["exit"] = "exit"
    code: int | None  # None: it had no end of its own; see timed_out
    timed_out: bool = False
    omitted: int = 0  # bytes cut from the middle
    session_ended: bool = False  # the command ended the session (exit, exec); the next one gets a new session


ShellEvent = Annotated[Output | Exit | Failure, Field(discriminator="kind")]


# --- files ----------------------------------------------------------------------------------------------------


class ReadFile(Message):
    """Bring a file, or a folder as a tar stream, with the desktop user's rights."""

    kind: Literal["read_file"] = "read_file"
    path: str = Field(min_length=1, max_length=4096)  # absolute, or from the desktop user's home


class WriteFile(Message):
    """Put a file with the desktop user's rights: whole or not at all; missing folders are made."""

    kind: Literal["write_file"] = "write_file"
    path: str = Field(min_length=1, max_length=4096)
    mode: int = Field(default=0o644, ge=0, le=0o777)


class FileInfo(Message):
    """What stands at a path."""

    kind: Literal["file_info"] = "file_info"
    path: str  # absolute
    type: Literal["file", "folder"]
    bytes: int = Field(ge=0)  # of a file; 0 for a folder


# --- life -----------------------------------------------------------------------------------------------------


class Health(Message):
    """Who answers: enough to know that it is the right server and what it drives."""

    kind: Literal["health"] = "health"
    boot: str  # new with each start of the server
    wire: str  # fingerprint of this file
    screen: Size
    lease_s: float  # seconds until the sandbox ends unless the lease is renewed


class Lease(Message):
    """Keep the sandbox for so many seconds from now; a later one replaces an earlier one."""

    kind: Literal["lease"] = "lease"
    seconds: float = Field(gt=0, le=86_400)


class Cancel(Message):
    """End a request that is running: it releases what it holds and answers `cancelled`."""

    kind: Literal["cancel"] = "cancel"
    id: RequestId


class Ok(Message):
    """It happened."""

    kind: Literal["ok"] = "ok"


# --- the one seam ---------------------------------------------------------------------------------------------


class Guest(Protocol):
    """A desktop at the level of the wire: the X desktop in the sandbox, its HTTP client, a fake for tests.

    Cancelling the task that awaits a method ends the work and releases what it pressed.
    `shell`, `read_file` and `write_file` raise `Refused` where nothing could be started or the work was cut off.
    """

    async def perform(self, request: Perform) -> Answer:
        """Do the actions, settle, take the picture. What went wrong is told in `reply.failure`."""
        ...

    def shell(self, request: Shell) -> AsyncIterator[Output | Exit]:
        """Run a command; yields output as it comes and ends with an `Exit`."""
        ...

    def read_file(self, request: ReadFile) -> AsyncIterator[FileInfo | bytes]:
        """Yield what stands at the path, then a file's bytes, or a folder's content as tar, in bounded pieces."""
        ...

    async def write_file(self, request: WriteFile, content: AsyncIterable[bytes]) -> FileInfo:
        """Write a file from pieces."""
        ...


class Refused(Exception):
    """Raised inside either side to carry a `Failure` out of the work to whoever writes the reply."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code=code, message=message)


# --- bytes ----------------------------------------------------------------------------------------------------

M = TypeVar("M")
_LENGTH = struct.Struct(">I")


class WireError(ValueError):
    """Bytes that are not what the wire allows; the message names the field and what was found there."""


def encode(message: Message) -> bytes:
    """One message as JSON."""
    return message.model_dump_json().encode()


def decode(kind: type[M] | TypeAdapter[M], body: bytes) -> M:
    """Parse JSON into `kind`. Raises WireError; never returns a half-read message."""
    adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise WireError(_explain(error)) from None


def encode_frame(answer: Answer) -> bytes:
    """A reply and its picture as one body, the picture not re-coded."""
    head = encode(answer.reply)
    return b"".join((_LENGTH.pack(len(head)), head, answer.picture))


def decode_frame(body: bytes) -> Answer:
    """The reverse of `encode_frame`. Raises WireError where lengths and announcements do not agree."""
    if len(body) < _LENGTH.size:
        raise WireError(f"a frame has at least {_LENGTH.size} bytes; found {len(body)}")
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    if end > len(body):
        raise WireError(f"the frame announces {length} bytes of reply; {len(body) - _LENGTH.size} follow")
    reply, picture = decode(Reply, body[_LENGTH.size : end]), body[end:]
    announced = reply.picture.length if reply.picture else 0
    if announced != len(picture):
        raise WireError(f"the reply announces a picture of {announced} bytes; {len(picture)} follow")
    return Answer(reply, picture)


SHELL_EVENT: TypeAdapter[Output | Exit | Failure] = TypeAdapter(ShellEvent)


def _explain(error: ValidationError) -> str:
    """The first problems in words: where, what is wrong, what was found."""
    problems = error.errors(include_url=False, include_context=False)
    told = [f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg']} (found {_short(p['input'])})" for p in problems[:5]]
    if len(problems) > len(told):
        told.append(f"and {len(problems) - len(told)} more")
    return "; ".join(told)


def _short(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
