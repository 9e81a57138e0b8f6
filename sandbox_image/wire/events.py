"""What is pushed while it happens: live frames, and the windows and the programs whenever they change.

`GET /events?listen=` with a `Listen` in JSON opens a WebSocket. One event is under way at a time: the first is sent at
once, each other one when the host has sent a text message to ask for it. So a slow host gets the newest frame and
never a queue of old ones.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self, TypeAlias

from pydantic import Field, TypeAdapter, model_validator

from sandbox_image.wire.base import Message
from sandbox_image.wire.failure import Failure
from sandbox_image.wire.geometry import Region
from sandbox_image.wire.picture import Picture, PictureInfo
from sandbox_image.wire.programs import ProgramList
from sandbox_image.wire.windows import WindowList

MAX_FPS = 30.0


class Frames(Message):
    """Live frames: the first at once, another when the picture has changed, at most `fps` a second; each is whole.

    With `picture.pointer` a pointer that moves changes the picture.
    """

    picture: Picture = Picture(format="jpeg")
    fps: float = Field(default=4.0, gt=0, le=MAX_FPS)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.picture.only_changes:
            raise ValueError("live frames are whole pictures, which tell what changed: leave only_changes out")
        return self


class Listen(Message):
    """What to push: any of frames, windows and programs.

    Windows come whenever their list, a title, a place or the focus changes, programs whenever one starts or ends.
    """

    kind: Literal["listen"] = "listen"
    frames: Frames | None = None
    windows: bool = False
    programs: bool = False

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not (self.frames or self.windows or self.programs):
            raise ValueError("listen to frames, to windows, to programs, or to several of them")
        return self


class FrameInfo(Message):
    """What is told of a live frame."""

    kind: Literal["frame"] = "frame"
    sequence: int = Field(ge=1)  # grows; frames that this listener was too slow for are left out
    time_ms: int  # when it was taken, by the sandbox's clock, since 1970
    changed: Region | None  # what changed since the frame sent before it, the pointer included; None for the first one
    picture: PictureInfo


class LiveFrame(NamedTuple):
    """A live frame and its picture's bytes."""

    info: FrameInfo
    picture: bytes


Event: TypeAlias = LiveFrame | WindowList | ProgramList
"""What a guest pushes."""

EVENT: TypeAdapter[FrameInfo | WindowList | ProgramList | Failure] = TypeAdapter(
    Annotated[FrameInfo | WindowList | ProgramList | Failure, Field(discriminator="kind")]
)
"""The head of one message of `/events`. A failure is the last."""
