"""Every error a user of the harness can meet, in one tree.

    HarnessError
      UsageError             what was asked for cannot be: mend the call, the flow or the spec
        OutsidePicture       a point that is not in the picture it was read from
        EditFailed           an edit that does not fit its file; nothing was changed
        FlowError            a flow file that does not say what it must; knows file, line and column
      EngineError            the container engine is absent, stopped or refused
        NoEngine             none answers; carries what was tried
        ImageMissing         the sandbox image has to be built first
      SandboxError           the sandbox cannot go on; nobody inside the run can mend it
        StartFailed          a step of starting failed; carries the step and the last log lines
        SandboxLost          it answered before and does not any more
        WireMismatch         its answer is not what this version of the wire allows
        Restarted            its action server ended and came back; the last action may or may not have happened
      ActionFailed           one request failed, the sandbox goes on; carries the code and what did succeed
        DeadlinePassed       it ran longer than it was given
        NotOnScreen          a point off the screen
        UnknownKey           a key name nobody knows
        Untypable            text that cannot be typed: control characters, or a program that does not take it
        WrongHold            a button or key that is held down already, or is not
        NoSuchWindow         the window did not come in time, or is gone
        WindowStayed         the window did not close or go away in time
        NoSuchNode           of the accessibility tree: it is gone, or did not come in time
        NodeRefused          the node is there and does not do that
        AccessibilityFailed  no accessibility bus, or the node's program does not answer
        NotInstalled         the image lacks what this needs, such as the data of a language
        LaunchFailed         the program could not be started
        NoSuchProgram        no program that was started and is remembered
        FileFailed           the sandbox's file system refused
      ModelError             the model did not answer, or not in a way that can be used
        BadAnswer            an answer that is not as documented; carries its body
        CutShort             an answer that broke off before its end; nothing of it was done
        Unavailable          nobody answers now: network, rate limit, overload; asked again by itself for a while
        Rejected             the API refuses the request; asking again does not help
          NotAllowed         no key, a wrong one, or one that may not do this
          RequestTooLarge    more than the API takes at once
          PictureTooLarge    pictures larger than the model takes; carries the limit and which
          ToolUnknown        a tool that the model does not take

The sandbox sends codes from a closed list; `from_failure` maps them here. No class is ever named from inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox_image.wire import ErrorCode, Failure, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence


SHOWN = 300
"""Characters of a body that a message shows."""


class HarnessError(Exception):
    """Root of everything the harness raises on purpose. The message says what was found and what to do next."""

    def describe(self) -> dict[str, object]:
        """The error for programs that read JSON: its class, its message, and what else it carries."""
        carried = {name: getattr(self, name) for name in ("step", "reason", "log", "code") if hasattr(self, name)}
        return {"kind": type(self).__name__, "message": str(self), **carried}


class UsageError(HarnessError):
    """What was asked for cannot be: the caller can mend it."""


class OutsidePicture(UsageError):
    """A point that is not in the picture it was read from."""


class EditFailed(UsageError):
    """An edit that does not fit its file: text that is not there, or twice; no text at all. Nothing was changed."""


class FlowError(UsageError):
    """A flow file that does not say what it must. The message begins with `file:line:column:`."""


class EngineError(HarnessError):
    """The container engine is absent, stopped or refused a request."""


class NoEngine(EngineError):
    """No container engine answers at any of the places tried."""

    def __init__(self, tried: Sequence[str], advice: str) -> None:
        places = "".join(f"\n  {place}" for place in tried)
        super().__init__(f"no container engine answers. Tried:{places}\n{advice}")
        self.tried = tuple(tried)
        self.advice = advice


class ImageMissing(EngineError):
    """The sandbox image has to be built first."""


class SandboxError(HarnessError):
    """The sandbox cannot go on."""


class StartFailed(SandboxError):
    """Starting a sandbox failed at one step; the container is removed already."""

    def __init__(self, step: str, reason: str, log: Sequence[str] = ()) -> None:
        tail = "".join(f"\n  | {line}" for line in log)
        super().__init__(f"the sandbox did not start: {step}: {reason}{tail and f'{chr(10)}last log lines:{tail}'}")
        self.step = step
        self.reason = reason
        self.log = tuple(log)


class SandboxLost(SandboxError):
    """The sandbox answered before and does not any more."""


class WireMismatch(SandboxError):
    """An answer that this version of the wire does not allow."""


class Restarted(SandboxError):
    """The action server ended and came back: the last request may or may not have happened."""


class ActionFailed(HarnessError):
    """One request failed and the sandbox goes on."""

    def __init__(self, failure: Failure, reply: Reply | None = None, picture: bytes = b"") -> None:
        super().__init__(failure.message)
        self.code = failure.code
        self.failure = failure
        self.reply = reply  # results of the actions before it, effect
        self.picture = picture  # taken although the action failed


class DeadlinePassed(ActionFailed):
    """The request ran longer than it was given."""


class NotOnScreen(ActionFailed):
    """A point off the screen; nothing was moved or pressed."""


class UnknownKey(ActionFailed):
    """A key name nobody knows; nothing was pressed."""


class Untypable(ActionFailed):
    """Text that cannot be typed: control characters, or a program that does not take it; says what was typed."""


class WrongHold(ActionFailed):
    """A button or key that is held down already, or is not; nothing was pressed or released."""


class NoSuchWindow(ActionFailed):
    """The window did not come in time, or is gone."""


class WindowStayed(ActionFailed):
    """The window did not close or go away in time; the message says what came instead, such as a dialog."""


class NotInstalled(ActionFailed):
    """The image lacks what this needs; the message says what to add."""


class NoSuchNode(ActionFailed):
    """The node of the accessibility tree is gone, or did not come in time."""


class NodeRefused(ActionFailed):
    """The node is there, and does not do that or does not tell it."""


class AccessibilityFailed(ActionFailed):
    """There is no accessibility bus, or the program behind the node does not answer."""


class LaunchFailed(ActionFailed):
    """The program could not be started."""


class NoSuchProgram(ActionFailed):
    """No program that was started and is remembered: ends are unknown once the sandbox's worker was started again."""


class FileFailed(ActionFailed):
    """The sandbox's file system refused: not there, not allowed, full."""


class ModelError(HarnessError):
    """The model did not answer, or not in a way that can be used."""


class BadAnswer(ModelError):
    """An answer that is not as documented."""

    def __init__(self, message: str, body: str) -> None:
        super().__init__(f"{message}: {body[:SHOWN]}{'…' if len(body) > SHOWN else ''}")
        self.reason = message
        self.body = body


class CutShort(ModelError):
    """An answer that broke off before its end; nothing of it was done, so it can be asked for again."""


class Unavailable(ModelError):
    """Nobody answers now: the network, a rate limit, an overload. `after` are seconds the API asks to wait."""

    def __init__(self, kind: str, message: str, *, after: float | None = None, again: bool = True) -> None:
        super().__init__(message)
        self.kind = kind
        self.after = after
        self.again = again


class Rejected(ModelError):
    """The API refuses the request, and would again."""


class NotAllowed(Rejected):
    """No key, a wrong one, or one that may not do this; the message names the setting to mend."""


class RequestTooLarge(Rejected):
    """More than the API takes at once."""


class PictureTooLarge(Rejected):
    """Pictures larger than the model takes."""

    def __init__(self, message: str, limit: int | None, paths: Sequence[str]) -> None:
        super().__init__(message)
        self.limit = limit  # pixels of the longer side
        self.paths = tuple(paths)  # in the request


class ToolUnknown(Rejected):
    """A tool that the model does not take."""


_CLASSES: dict[ErrorCode, type[ActionFailed]] = {
    ErrorCode.DEADLINE: DeadlinePassed,
    ErrorCode.OFF_SCREEN: NotOnScreen,
    ErrorCode.UNKNOWN_KEY: UnknownKey,
    ErrorCode.UNTYPABLE: Untypable,
    ErrorCode.HELD: WrongHold,
    ErrorCode.NO_SUCH_WINDOW: NoSuchWindow,
    ErrorCode.WINDOW_STAYED: WindowStayed,
    ErrorCode.MISSING: NotInstalled,
    ErrorCode.NO_SUCH_NODE: NoSuchNode,
    ErrorCode.NODE_REFUSED: NodeRefused,
    ErrorCode.ACCESSIBILITY_FAILED: AccessibilityFailed,
    ErrorCode.LAUNCH_FAILED: LaunchFailed,
    ErrorCode.NO_SUCH_PROGRAM: NoSuchProgram,
    ErrorCode.NOT_FOUND: FileFailed,
    ErrorCode.DENIED: FileFailed,
    ErrorCode.FILE_ERROR: FileFailed,
}


def from_failure(failure: Failure, reply: Reply | None = None, picture: bytes = b"") -> HarnessError:
    """The host's error for a failure that came over the wire."""
    if failure.code is ErrorCode.RESTARTED:
        return Restarted(failure.message)
    return _CLASSES.get(failure.code, ActionFailed)(failure, reply, picture)
