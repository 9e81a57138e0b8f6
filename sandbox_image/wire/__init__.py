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
from sandbox_image.wire.clipboard import (
    MAX_CLIPBOARD_BYTES,
    PNG,
    ClipboardAction,
    ClipboardRead,
    ReadClipboard,
    SetClipboard,
)
from sandbox_image.wire.codec import WireError, decode, decode_frame, encode, encode_frame
from sandbox_image.wire.failure import ErrorCode, Failure, Refused
from sandbox_image.wire.files import Entry, FileAction, FileInfo, FindFile, FolderPage, ListFolder, ReadFile, WriteFile
from sandbox_image.wire.geometry import Region, ScreenPoint, Size
from sandbox_image.wire.guest import Guest
from sandbox_image.wire.keyboard import MAX_HOLD_MS, Hold, KeyboardAction, KeyDown, KeyUp, Press, Text, Typed, TypeText
from sandbox_image.wire.life import Cancel, Health, Lease, Ok
from sandbox_image.wire.perform import Action, Answer, LookingAction, Perform, Reply, Result, WorkerAction
from sandbox_image.wire.picture import Effect, Picture, PictureFormat, PictureInfo, Settle
from sandbox_image.wire.pointer import (
    Button,
    ButtonDown,
    ButtonUp,
    Click,
    Drag,
    Modifiers,
    Move,
    PointerAction,
    PointerState,
    ReadPointer,
    ReleaseAll,
    Scroll,
)
from sandbox_image.wire.programs import Launch, Launched, ProgramAction
from sandbox_image.wire.reading import ReadingAction, ReadText, TextRead, Word
from sandbox_image.wire.shell import SHELL_EVENT, Exit, Output, Shell, ShellEvent
from sandbox_image.wire.waiting import WaitChange, Waited, WaitingAction, WaitStill
from sandbox_image.wire.windows import ListWindows, WaitWindow, Window, WindowAction, WindowFound, WindowList

__all__ = [
    "BOOT_HEADER",
    "EVENTS_TYPE",
    "FRAME_TYPE",
    "MAX_CLIPBOARD_BYTES",
    "MAX_COORDINATE",
    "MAX_DEADLINE_MS",
    "MAX_HOLD_MS",
    "MAX_REQUEST_BYTES",
    "MAX_TEXT",
    "PNG",
    "SHELL_EVENT",
    "Action",
    "Answer",
    "Button",
    "ButtonDown",
    "ButtonUp",
    "Cancel",
    "Click",
    "ClipboardAction",
    "ClipboardRead",
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
    "Hold",
    "KeyDown",
    "KeyUp",
    "KeyboardAction",
    "Launch",
    "Launched",
    "Lease",
    "ListFolder",
    "ListWindows",
    "LookingAction",
    "Message",
    "Modifiers",
    "Move",
    "Ok",
    "Output",
    "Perform",
    "Picture",
    "PictureFormat",
    "PictureInfo",
    "PointerAction",
    "PointerState",
    "Press",
    "ProgramAction",
    "ReadClipboard",
    "ReadFile",
    "ReadPointer",
    "ReadText",
    "ReadingAction",
    "Refused",
    "Region",
    "ReleaseAll",
    "Reply",
    "RequestId",
    "Result",
    "ScreenPoint",
    "Scroll",
    "SetClipboard",
    "Settle",
    "Shell",
    "ShellEvent",
    "Size",
    "Text",
    "TextRead",
    "TypeText",
    "Typed",
    "WaitChange",
    "WaitStill",
    "WaitWindow",
    "Waited",
    "WaitingAction",
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
