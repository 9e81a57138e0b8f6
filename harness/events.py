"""Everything that can happen in a run, as typed events.

The recorder, the terminal and tests listen to one stream of these; nothing else tells progress. Places are screen
pixels, durations seconds. A frame's bytes travel with its event and are left out of its JSON: the recorder keeps
them in a file named by their hash.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from sandbox_image.wire import PictureFormat, Region, ScreenPoint, Size

Outcome = Literal["passed", "failed", "error", "infrastructure", "interrupted"]
"""`error`: only the cleanup failed. `infrastructure`: the sandbox or its engine, not the flow, is to blame."""
Status = Literal["passed", "failed", "warning", "skipped", "interrupted"]
"""`warning`: an optional step failed."""
Ending = Literal["finished", "limit", "refused", "stuck", "stopped", "failed"]
"""How a model's task ends."""
Moment = Literal["before", "after"]


class Happening(BaseModel):
    """What all events share."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))  # noqa: TID251 - a log is for people


class StepInfo(BaseModel):
    """A step as the file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    phase: str
    kind: str
    title: str
    line: int
    source: str


class Candidate(BaseModel):
    """Something on the screen that might have been meant."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    box: Region


class StepFailure(BaseModel):
    """Why a step failed: enough to mend it without running it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    message: str
    candidates: tuple[Candidate, ...] = ()
    window: str | None = None  # title of the active window
    waited: float = 0.0


class RunStarted(Happening):
    """A flow begins."""

    kind: Literal["run_started"] = "run_started"
    name: str
    file: str
    source: str
    tags: tuple[str, ...]
    screen: Size
    version: str
    steps: tuple[StepInfo, ...]


class SandboxStarted(Happening):
    """The run's sandbox answers."""

    kind: Literal["sandbox_started"] = "sandbox_started"
    image: str = ""
    sandbox: str = ""  # its id, by which others find it
    container: str = ""
    seconds: float


class StepStarted(Happening):
    """A step begins."""

    kind: Literal["step_started"] = "step_started"
    step: str


class FrameCaptured(Happening):
    """A picture of the screen."""

    kind: Literal["frame_captured"] = "frame_captured"
    step: str  # or the call that it is an answer to
    moment: Moment
    frame: str  # SHA-256 of its bytes
    format: PictureFormat
    region: Region
    data: bytes = Field(default=b"", exclude=True, repr=False)


class Output(Happening):
    """What a command wrote."""

    kind: Literal["output"] = "output"
    step: str
    text: str
    exit_code: int | None


class FileCollected(Happening):
    """A file or a folder now lies in the run's files."""

    kind: Literal["file_collected"] = "file_collected"
    step: str | None = None  # None: after a task
    source: str
    name: str  # below the run's files


class StepFinished(Happening):
    """A step ended, or never began."""

    kind: Literal["step_finished"] = "step_finished"
    step: str
    status: Status
    seconds: float = 0.0
    points: tuple[ScreenPoint, ...] = ()  # where the pointer went, in order
    box: Region | None = None  # of the text that was found
    before: str | None = None  # frames by hash
    after: str | None = None
    failure: StepFailure | None = None
    note: str = ""  # what else is worth knowing of it


class RunFinished(Happening):
    """The flow is over and its sandbox gone."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: Outcome
    seconds: float
    message: str = ""  # the first thing that went wrong
    step: str | None = None  # where


class Bounds(BaseModel):
    """What a task may use; None is without a limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: int | None = None
    tokens: int | None = None
    cost: float | None = None  # US dollars
    seconds: float | None = None


class TaskStarted(Happening):
    """A model begins a task."""

    kind: Literal["task_started"] = "task_started"
    task: str
    model: str
    effort: str | None = None  # None: as the model has it by itself
    limits: Bounds = Bounds()
    form: JsonValue = None  # the JSON schema that the result has to fit
    secrets: tuple[str, ...] = ()  # their names
    screen: Size
    shown: Size  # pixels of the pictures that the model gets
    version: str


class TaskResumed(Happening):
    """The task goes on where it was left, after the process that was at it had gone."""

    kind: Literal["task_resumed"] = "task_resumed"
    turn: int  # the last one before


class TurnStarted(Happening):
    """The model is asked."""

    kind: Literal["turn_started"] = "turn_started"
    turn: int


class Speaking(Happening):
    """A piece of what the model says, thinks or calls for, while it comes; never written down."""

    kind: Literal["speaking"] = "speaking"
    turn: int
    what: Literal["text", "thinking", "call"]
    text: str


class Said(Happening):
    """What the model said, or a summary of what it thought."""

    kind: Literal["said"] = "said"
    turn: int
    thinking: bool = False
    text: str


class Called(Happening):
    """The model calls for something to be done."""

    kind: Literal["called"] = "called"
    turn: int
    call: str
    tool: str
    action: str
    told: str  # in words
    input: dict[str, JsonValue] = Field(default_factory=dict)
    points: tuple[ScreenPoint, ...] = ()


class Answered(Happening):
    """What a call was answered with."""

    kind: Literal["answered"] = "answered"
    turn: int
    call: str
    text: str
    failed: bool
    frame: str | None = None  # of the picture, by hash


class Waited(Happening):
    """Nothing happens for so many seconds."""

    kind: Literal["waited"] = "waited"
    seconds: float
    reason: str
    trouble: str = ""  # rate limit, overloaded, timeout, connection, cut short, status and its number


class Noted(Happening):
    """Something to know that holds nothing up: a model that will retire, another one that is asked meanwhile."""

    kind: Literal["noted"] = "noted"
    text: str


class TurnFinished(Happening):
    """The model has answered; what that cost, in tokens and, where prices are known, in US dollars."""

    kind: Literal["turn_finished"] = "turn_finished"
    turn: int
    stop: str
    input: int  # neither read from the cache nor written to it
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    thinking: int  # of the output
    cost: float | None
    seconds: float  # from the question to the whole answer, waits included


class TaskFinished(Happening):
    """The task is over."""

    kind: Literal["task_finished"] = "task_finished"
    outcome: Ending
    message: str
    value: JsonValue = None
    turns: int
    seconds: float
    tokens: int
    cost: float | None


Event: TypeAlias = (
    RunStarted
    | SandboxStarted
    | StepStarted
    | FrameCaptured
    | Output
    | FileCollected
    | StepFinished
    | RunFinished
    | TaskStarted
    | TaskResumed
    | TurnStarted
    | Speaking
    | Said
    | Called
    | Answered
    | Waited
    | Noted
    | TurnFinished
    | TaskFinished
)
Emit: TypeAlias = Callable[[Event], None]
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

MASK = "•••"
_FIXED = ("at", "kind", "step", "status", "outcome", "what", "call", "frame", "before", "after")
"""Fields that hold words of ours, names of calls, or hashes: no secret gets there, however short it is."""


def masked(emit: Emit, secrets: tuple[str, ...]) -> Emit:
    """An `emit` that passes events on with every secret in any text of theirs replaced."""
    hidden = tuple(dict.fromkeys(part for secret in secrets for part in (secret, *_lines(secret))))
    if not hidden:
        return emit

    def cover(value: object) -> object:
        match value:
            case str():
                for secret in hidden:
                    value = value.replace(secret, MASK)
                return value
            case dict():
                return {key: cover(item) for key, item in value.items()}
            case list() | tuple():
                return [cover(item) for item in value]
            case _:
                return value

    def pass_on(event: Event) -> None:
        if isinstance(event, FrameCaptured):
            emit(event)  # no text but a hash
            return
        data = event.model_dump(mode="json")
        fixed = {name: data[name] for name in _FIXED if name in data}
        emit(EVENT.validate_python({**{name: cover(item) for name, item in data.items()}, **fixed}))

    return pass_on


def _lines(secret: str) -> tuple[str, ...]:
    """Lines of a longer secret: a terminal may show it line by line."""
    return tuple(line for line in secret.splitlines() if len(line) >= 4)  # noqa: PLR2004 - shorter ones are everywhere
