"""What a flow may say, as pydantic models: one model a step kind, unknown keys refused, nothing converted silently.

A new kind of step is one model here, its entry in `KINDS` and one arm in `actions.py` (or `checks.py`); the match
there ends in `assert_never`, so the type checker names what was forgotten. The value of a kind may be a mapping
(full form) or, where `SHORT` names a field, the value of that field alone (short form).
"""

from __future__ import annotations

import shlex
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from harness.flow.parts import Find, NodeMatch, Part, Target, WindowMatch
from harness.flow.values import Modifiers, Plain, PointOnScreen, Rectangle, ScreenSize, Span, Text, TextPattern
from harness.sandbox.spec import Apps
from sandbox_image.wire import Button, Size, WindowState

Phase = Literal["setup", "steps", "cleanup"]


class LaunchStep(Part):
    """Start a program. `run` is split like a command line, without a shell."""

    SHORT = "run"
    run: Text
    cwd: Text | None = None
    env: dict[str, Text] = Field(default_factory=dict)

    @field_validator("run")
    @classmethod
    def _splits(cls, run: str) -> str:
        try:
            words = shlex.split(run)
        except ValueError as error:
            raise ValueError(f"is no command line: {error}") from None
        if not words or not words[0]:
            raise ValueError("names no program")
        return run

    @property
    def argv(self) -> tuple[str, ...]:
        """The program and its arguments."""
        return tuple(shlex.split(self.run))

    def __str__(self) -> str:
        return self.run


class OpenStep(Part):
    """Open a file, a folder or an address with the desktop's default application for it."""

    SHORT = "target"
    target: Text

    def __str__(self) -> str:
        return self.target


class TypeStep(Part):
    """Type text at the keyboard focus, or into what `into` names, which is clicked first; `read_back` checks it."""

    SHORT = "text"
    text: Text
    into: Target | None = None
    read_back: bool = False

    def __str__(self) -> str:
        return self.text


class PressStep(Part):
    """Press a key or a chord, `repeat` times."""

    SHORT = "keys"
    keys: Annotated[Text, Field(max_length=200)]
    repeat: int = Field(default=1, ge=1, le=100)

    def __str__(self) -> str:
        return self.keys


class HoldStep(Part):
    """Hold a key or a chord down for a time."""

    keys: Annotated[Text, Field(max_length=200)]
    seconds: Span = Field(alias="for")

    def __str__(self) -> str:
        return f"{self.keys} for {self.seconds:g} s"


class CopyStep(Part):
    """Put text into the clipboard, for the program that pastes next."""

    SHORT = "text"
    text: Text

    def __str__(self) -> str:
        return self.text


class ScrollStep(Part):
    """Turn the wheel: `down` and `right` in clicks, negative for up and left; at a target or at the pointer."""

    SHORT = "down"
    down: int = Field(default=0, ge=-1000, le=1000)
    right: int = Field(default=0, ge=-1000, le=1000)
    at: Target | None = None
    modifiers: Modifiers = ()

    @model_validator(mode="after")
    def _turns(self) -> ScrollStep:
        if not self.down and not self.right:
            raise ValueError("say how far: down or right, in clicks of the wheel, negative for up and left")
        return self

    def __str__(self) -> str:
        return " ".join(f"{way} {clicks}" for way, clicks in (("down", self.down), ("right", self.right)) if clicks)


class DragStep(Part):
    """Press at one place, move over others, release at the last."""

    start: Target = Field(alias="from")
    over: tuple[Target, ...] = Field(default=(), max_length=100)
    to: Target
    modifiers: Modifiers = ()

    @property
    def stops(self) -> tuple[Target, ...]:
        """All places in order."""
        return (self.start, *self.over, self.to)

    def __str__(self) -> str:
        return f"{self.start} to {self.to}"


class FocusStep(WindowMatch):
    """Bring a window to the front, with the keyboard focus."""


class CloseStep(WindowMatch):
    """Ask a window to close and wait until it is gone; `force` cuts its program off instead."""

    force: bool = False


class ArrangeStep(WindowMatch):
    """Put a window at a place, give it a size, or maximize, minimize or restore it."""

    to: PointOnScreen | None = None
    size: ScreenSize | None = None
    state: WindowState | None = None

    @model_validator(mode="after")
    def _does_something(self) -> ArrangeStep:
        if self.to is None and self.size is None and self.state is None:
            raise ValueError("say how the window is to be: to, size or state")
        return self


class BashStep(Part):
    """Run a command in the desktop user's bash session, which keeps folder and variables from step to step."""

    SHORT = "run"
    run: Text
    exit: int = Field(default=0, ge=0, le=255)
    stdout: TextPattern | None = None

    def __str__(self) -> str:
        return self.run


class FileMatch(Part):
    """What a file has to be. `magic` is how its content begins; `contains` is looked for in it as UTF-8."""

    SHORT = "path"
    path: Text
    min_bytes: int | None = Field(default=None, ge=0)
    contains: TextPattern | None = None
    magic: Text | None = None

    def __str__(self) -> str:
        return self.path


_EXPECTED = ("text", "node", "window", "file", "bash", "clipboard")


class ExpectStep(Find):
    """Wait until something is so, or with `gone` is not: what is on the screen, a file, what a command says."""

    node: NodeMatch | None = None
    window: WindowMatch | None = None
    file: FileMatch | None = None
    bash: BashStep | None = None
    clipboard: TextPattern | None = None
    gone: bool = False
    timeout: Span | None = None

    @model_validator(mode="after")
    def _expects_one_thing(self) -> ExpectStep:
        given = [name for name in _EXPECTED if getattr(self, name) is not None]
        if len(given) != 1:
            choice = f"{', '.join(_EXPECTED[:-1])} or {_EXPECTED[-1]}"
            raise ValueError(f"expect one of {choice}; found {' and '.join(given) or 'none'}")
        if self.gone and self.bash:
            raise ValueError("a command cannot be gone; expect its exit code instead")
        return self

    def __str__(self) -> str:
        named = (
            ("node", self.node),
            ("window with", self.window),
            ("file", self.file),
            ("bash", self.bash),
            ("clipboard with", self.clipboard),
        )
        subject = str(self.text) if self.text else next(f"{kind} {value}" for kind, value in named if value)
        return f"{subject} gone" if self.gone else subject


class ScreenshotStep(Part):
    """Keep a picture of the screen, or of a region, under a name in the run's files."""

    SHORT = "name"
    name: Annotated[Text, Field(pattern=r"^[\w][\w .-]{0,80}$")] = "screenshot"
    region: Rectangle | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if value is None:
            return {}  # a bare `screenshot:`
        return value if isinstance(value, dict) else {"name": value}

    def __str__(self) -> str:
        return self.name


class PutStep(Part):
    """Bring a local file or folder, named from the flow's folder, into the sandbox."""

    source: Text = Field(alias="from")
    to: Text

    def __str__(self) -> str:
        return self.to


class CollectStep(Part):
    """Keep a file or a folder of the sandbox in the run's files."""

    SHORT = "from"
    path: Text = Field(alias="from")
    name: Annotated[Text, Field(pattern=r"^[\w][\w .-]{0,80}$")] | None = Field(default=None, alias="as")

    def __str__(self) -> str:
        return self.path


class ClickStep(Target):
    """Click once with the left button."""

    BUTTON: ClassVar[Button] = "left"
    COUNT: ClassVar[int] = 1
    modifiers: Modifiers = ()


class DoubleClick(ClickStep):
    """Click twice with the left button."""

    COUNT = 2


class TripleClick(ClickStep):
    """Click three times with the left button, which selects a line or a paragraph in most programs."""

    COUNT = 3


class RightClick(ClickStep):
    """Click once with the right button."""

    BUTTON = "right"


class MiddleClick(ClickStep):
    """Click once with the middle button."""

    BUTTON = "middle"


class MoveStep(Target):
    """Move the pointer."""


Body: TypeAlias = (
    LaunchStep
    | OpenStep
    | ClickStep
    | MoveStep
    | TypeStep
    | PressStep
    | HoldStep
    | CopyStep
    | ScrollStep
    | DragStep
    | FocusStep
    | CloseStep
    | ArrangeStep
    | BashStep
    | ExpectStep
    | ScreenshotStep
    | PutStep
    | CollectStep
)

KINDS: dict[str, type[Body]] = {
    "launch": LaunchStep,
    "open": OpenStep,
    "click": ClickStep,
    "double_click": DoubleClick,
    "triple_click": TripleClick,
    "right_click": RightClick,
    "middle_click": MiddleClick,
    "move": MoveStep,
    "type": TypeStep,
    "press": PressStep,
    "hold": HoldStep,
    "copy": CopyStep,
    "scroll": ScrollStep,
    "drag": DragStep,
    "focus": FocusStep,
    "close": CloseStep,
    "arrange": ArrangeStep,
    "bash": BashStep,
    "expect": ExpectStep,
    "screenshot": ScreenshotStep,
    "put": PutStep,
    "collect": CollectStep,
}


class Common(Part):
    """Keys any step takes beside its kind."""

    name: Text | None = None
    timeout: Span | None = None
    optional: bool = False
    settle: Span | None = None


class DesktopPart(Part):
    """What desktop the flow needs."""

    screen: ScreenSize = Size(width=1280, height=800)
    apps: Apps = ()


class Defaults(Part):
    """What holds for every step that does not say otherwise. `timeout` is for finding and checking."""

    timeout: Span = 7.0
    settle: Span = 0.3


class Variable(Part):
    """A value from outside: `-v` on the command line, then the environment, then the default."""

    SHORT = "default"
    default: Plain = None
    env: Text | None = None
    secret: bool = False


class Top(Part):
    """The top of a flow file; setup, steps and cleanup are read by `parse.py`, step by step."""

    harness: Literal[1]
    name: Text
    tags: tuple[Text, ...] = ()
    desktop: DesktopPart = DesktopPart()
    vars: dict[str, Variable] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    timeout: Span = 300.0
    setup: tuple[Any, ...] = ()
    steps: tuple[Any, ...]
    cleanup: tuple[Any, ...] = ()

    @field_validator("steps")
    @classmethod
    def _has_some(cls, steps: tuple[Any, ...]) -> tuple[Any, ...]:
        if not steps:
            raise ValueError("give at least one step")
        return steps
