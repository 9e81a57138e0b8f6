"""Why something did not happen: a closed list of codes, each with a sentence."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from sandbox_image.wire.base import Message


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
    WINDOW_STAYED = "window_stayed"  # it was to close or to go away
    LAUNCH_FAILED = "launch_failed"
    NO_SUCH_NODE = "no_such_node"  # of the accessibility tree: gone, or it did not come
    NODE_REFUSED = "node_refused"  # the node is there and cannot do that
    ACCESSIBILITY_FAILED = "accessibility_failed"  # no bus, or the program behind it does not answer
    NO_SUCH_PROGRAM = "no_such_program"  # none that this worker started and remembers
    NOT_FOUND = "not_found"  # a file or folder
    DENIED = "denied"  # by the file system
    FILE_ERROR = "file_error"  # any other refusal of the file system: full, a folder, a name too long
    MISSING = "missing"  # the image lacks what this needs: the message says what to add
    HELD = "held"  # what should go down is down already, what should go up is not
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


class Refused(Exception):
    """Raised inside either side to carry a `Failure` out of the work to whoever writes the reply."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code=code, message=message)
