"""One request: actions, settle, picture."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from sandbox_image.wire.accessibility import AccessibilityAction, AccessibilityResult, NodeReading, ReadFocus
from sandbox_image.wire.base import DeadlineMs, Done, Message, RequestId
from sandbox_image.wire.clipboard import ClipboardAction, ClipboardRead
from sandbox_image.wire.failure import Failure
from sandbox_image.wire.files import Entry, FileAction, FolderPage
from sandbox_image.wire.keyboard import KeyboardAction, Typed
from sandbox_image.wire.picture import Effect, Picture, PictureInfo, Settle
from sandbox_image.wire.pointer import PointerAction, PointerState
from sandbox_image.wire.programs import ListPrograms, ProgramAction, ProgramResult, ReadOutput, WaitExit
from sandbox_image.wire.reading import ReadingAction, TextRead
from sandbox_image.wire.shell import SessionList, ShellAction
from sandbox_image.wire.waiting import Waited, WaitingAction
from sandbox_image.wire.windows import ListWindows, WaitWindow, WaitWindowGone, WindowAction, WindowFound, WindowList

WorkerAction = ProgramAction | FileAction | ShellAction | AccessibilityAction
"""What is done with the desktop user's rights, by a process of that user."""

LookingAction = (
    ReadingAction
    | WaitingAction
    | ListWindows
    | WaitWindow
    | WaitWindowGone
    | ListPrograms
    | ReadOutput
    | WaitExit
    | NodeReading
)
"""What changes nothing. A request of such actions alone waits for no other, and no other waits for it."""

Action = Annotated[
    PointerAction | KeyboardAction | ClipboardAction | WindowAction | ReadingAction | WaitingAction | WorkerAction,
    Field(discriminator="kind"),
]

Result = Annotated[
    Done
    | PointerState
    | Typed
    | ClipboardRead
    | ProgramResult
    | WindowFound
    | WindowList
    | TextRead
    | Waited
    | FolderPage
    | Entry
    | SessionList
    | AccessibilityResult,
    Field(discriminator="kind"),
]


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

    @property
    def acts(self) -> bool:
        """Whether it may change something, or only looks."""
        return not all(isinstance(action, LookingAction) for action in self.actions)

    @property
    def errands(self) -> tuple[WorkerAction, ...]:
        """The actions of a request that needs the worker alone and no screen; none of another one."""
        errands = tuple(one for one in self.actions if isinstance(one, WorkerAction) and not isinstance(one, ReadFocus))
        alone = len(errands) == len(self.actions) and not (self.settle or self.picture)
        return errands if alone else ()

    @model_validator(mode="after")
    def _knows_what_changed(self) -> Self:
        if self.picture and self.picture.only_changes and not self.settle:
            raise ValueError("a picture of only_changes shows the effect of the request: give settle as well")
        return self


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
