"""Every request, reply and error code that crosses between host and sandbox. No I/O, no X11, no Docker.

Both sides import this package: the image carries a copy of it, the host imports the same text, and a fingerprint
of it is compared when a sandbox starts. All places are **screen pixels**, origin top left; all durations are
milliseconds unless the name says otherwise. One module a room of the guest: an action is one model here, in the union
of its room, an arm where that room does its work, and a method of the host's `Desktop`. Every match ends in
`assert_never`, so the type checker names what was forgotten.
"""

from sandbox_image.wire.base import (
    BOOT_HEADER,
    EVENTS_TYPE,
    FRAME_TYPE,
    MAX_COORDINATE,
    MAX_DEADLINE_MS,
    MAX_REQUEST_BYTES,
    MAX_TEXT,
    DeadlineMs,
    Done,
    Message,
    RequestId,
)
from sandbox_image.wire.codec import WireError, decode, decode_frame, encode, encode_frame
from sandbox_image.wire.failure import ErrorCode, Failure, Refused
from sandbox_image.wire.files import (
    Entry,
    FileAction,
    FileInfo,
    FindFile,
    FolderPage,
    ListFolder,
    ReadFile,
    RemoveFile,
    WriteFile,
)
from sandbox_image.wire.geometry import Region, ScreenPoint, Size
from sandbox_image.wire.guest import Guest
from sandbox_image.wire.keyboard import KeyboardAction, Press, Text, TypeText
from sandbox_image.wire.life import Cancel, Health, Lease, Ok
from sandbox_image.wire.perform import Action, Answer, Perform, Reply, Result, WorkerAction
from sandbox_image.wire.picture import Effect, Picture, PictureInfo, Settle
from sandbox_image.wire.pointer import Button, Click, Drag, Move, PointerAction, Scroll
from sandbox_image.wire.programs import Launch, Launched, ProgramAction
from sandbox_image.wire.reading import ReadingAction, ReadText, TextRead, Word
from sandbox_image.wire.shell import (
    SHELL_EVENT,
    Exit,
    ListSessions,
    Output,
    ResizeTerminal,
    SendInput,
    SessionList,
    Shell,
    ShellAction,
    ShellEvent,
    ShellSession,
    TerminalSize,
)
from sandbox_image.wire.windows import ListWindows, WaitWindow, Window, WindowAction, WindowFound, WindowList

__all__ = [
    "BOOT_HEADER",
    "EVENTS_TYPE",
    "FRAME_TYPE",
    "MAX_COORDINATE",
    "MAX_DEADLINE_MS",
    "MAX_REQUEST_BYTES",
    "MAX_TEXT",
    "SHELL_EVENT",
    "Action",
    "Answer",
    "Button",
    "Cancel",
    "Click",
    "DeadlineMs",
    "Done",
    "Drag",
    "Effect",
    "Entry",
    "ErrorCode",
    "Exit",
    "Failure",
    "FileAction",
    "FileInfo",
    "FindFile",
    "FolderPage",
    "Guest",
    "Health",
    "KeyboardAction",
    "Launch",
    "Launched",
    "Lease",
    "ListFolder",
    "ListSessions",
    "ListWindows",
    "Message",
    "Move",
    "Ok",
    "Output",
    "Perform",
    "Picture",
    "PictureInfo",
    "PointerAction",
    "Press",
    "ProgramAction",
    "ReadFile",
    "ReadText",
    "ReadingAction",
    "Refused",
    "Region",
    "RemoveFile",
    "Reply",
    "RequestId",
    "ResizeTerminal",
    "Result",
    "ScreenPoint",
    "Scroll",
    "SendInput",
    "SessionList",
    "Settle",
    "Shell",
    "ShellAction",
    "ShellEvent",
    "ShellSession",
    "Size",
    "TerminalSize",
    "Text",
    "TextRead",
    "TypeText",
    "WaitWindow",
    "Window",
    "WindowAction",
    "WindowFound",
    "WindowList",
    "WireError",
    "Word",
    "WorkerAction",
    "WriteFile",
    "decode",
    "decode_frame",
    "encode",
    "encode_frame",
]
