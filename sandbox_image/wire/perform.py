"""One request: actions, settle, picture."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from sandbox_image.wire.base import DeadlineMs, Done, Message, RequestId
from sandbox_image.wire.failure import Failure
from sandbox_image.wire.files import Entry, FileAction, FolderPage
from sandbox_image.wire.keyboard import KeyboardAction
from sandbox_image.wire.picture import Effect, Picture, PictureInfo, Settle
from sandbox_image.wire.pointer import PointerAction
from sandbox_image.wire.programs import Launched, ProgramAction
from sandbox_image.wire.reading import ReadingAction, TextRead
from sandbox_image.wire.shell import SessionList, ShellAction
from sandbox_image.wire.windows import WindowAction, WindowFound, WindowList

WorkerAction = ProgramAction | FileAction | ShellAction
"""What is done with the desktop user's rights, by a process of that user."""

Action = Annotated[
    PointerAction | KeyboardAction | WindowAction | ReadingAction | WorkerAction,
    Field(discriminator="kind"),
]

Result = Annotated[
    Done | Launched | WindowFound | WindowList | TextRead | FolderPage | Entry | SessionList,
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
