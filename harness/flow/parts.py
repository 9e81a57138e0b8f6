"""What the models of a flow are built from: which window, which text, where to point."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.flow.values import PointOnScreen, Rectangle, Text, TextPattern
from sandbox_image.wire import NodeState


class Part(BaseModel):
    """What all parts of a flow share."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)
    SHORT: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, dict) or cls.SHORT is None else {cls.SHORT: value}


class WindowMatch(Part):
    """Which window is meant: everything given has to fit. Titles by part or `/regex/`, classes by name."""

    SHORT = "title"
    title: TextPattern | None = None
    window_class: Text | None = Field(default=None, alias="class")
    active: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> WindowMatch:
        if self.title is None and self.window_class is None and self.active is None:
            raise ValueError("say which window: title, class or active")
        return self

    def __str__(self) -> str:
        parts = (
            self.title and f"title {self.title}",
            self.window_class and f"class {self.window_class}",
            None if self.active is None else f"{'' if self.active else 'no '}focus",
        )
        return ", ".join(part for part in parts if part)


class Within(Part):
    """Where to look."""

    window: WindowMatch


class NodeMatch(Part):
    """Which node of the accessibility tree is meant: everything given has to fit.

    `name` is the whole name or `/a regex/` of it, `text` a part of the node's text, `app` and `window` parts of the
    program's name and of the window's title.
    """

    SHORT = "name"
    role: Text | None = None
    name: TextPattern | None = None
    text: Text | None = None
    states: tuple[NodeState, ...] = ()
    app: Text | None = None
    window: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> NodeMatch:
        if self.role is None and self.name is None and self.text is None and not self.states:
            raise ValueError("say which node: role, name, text or states")
        return self

    def __str__(self) -> str:
        parts = (
            self.role or "node",
            self.name and f"named {self.name}",
            self.text and f"with text '{self.text}'",
            self.states and ", ".join(self.states),
            self.app and f"of {self.app}",
            self.window and f"in window '{self.window}'",
        )
        return " ".join(part for part in parts if part)


class Find(Part):
    """Text on the screen and where to look for it. `nth` counts from 1 in reading order."""

    SHORT = "text"
    text: TextPattern | None = None
    nth: int | None = Field(default=None, ge=1, le=1000)
    region: Rectangle | None = None
    within: Within | None = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> Find:
        counted = self.text is not None or getattr(self, "node", None) is not None
        if (self.nth and not counted) or (self.text is None and (self.region or self.within)):
            raise ValueError("nth, region and within narrow down where a text is: give the text as well")
        return self


class Target(Find):
    """Where to point: text that is visible, a node of the accessibility tree, or a point. `nth` counts both."""

    node: NodeMatch | None = None
    point: PointOnScreen | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        return {"point" if isinstance(value, tuple | list) else "text": value}

    @model_validator(mode="after")
    def _points_somewhere(self) -> Target:
        if sum(one is not None for one in (self.text, self.node, self.point)) != 1:
            raise ValueError("say where: text, node or point: [x, y]")
        return self

    def __str__(self) -> str:
        return f"({self.point.x}, {self.point.y})" if self.point else str(self.text or self.node)
