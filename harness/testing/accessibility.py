"""What the programs of the fake desktop tell of their windows: a frame with a text and buttons in it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, assert_never

from harness.testing.held import Held
from harness.testing.screen import FakeScreen, Opened
from sandbox_image.wire import (
    MAX_TEXT,
    AccessibilityAction,
    AccessibilityResult,
    ActOnNode,
    Done,
    ErrorCode,
    FindNodes,
    FocusNode,
    Node,
    NodeFocus,
    NodeFound,
    NodeQuery,
    NodeScope,
    NodesFound,
    NodeState,
    NodeText,
    NodeTree,
    ReadFocus,
    ReadNode,
    ReadTree,
    Refused,
    Region,
    SetNodeText,
    SetNodeValue,
    WaitNode,
)

_SHOWN: tuple[NodeState, ...] = ("enabled", "sensitive", "showing", "visible")
_PASSWORD = "password text"  # noqa: S105 - a role
_KEPT = 300  # characters of a text that are told with its node


class Thing(NamedTuple):
    """One node, with what it stands for."""

    ref: str
    app: str
    pid: int | None
    role: str
    name: str
    states: tuple[NodeState, ...]
    box: Region | None
    children: tuple[Thing, ...] = ()
    text_of: Opened | None = None  # whose text it shows
    click: Callable[[], None] | None = None

    @property
    def text(self) -> str | None:
        """What it holds."""
        return self.text_of.window.text if self.text_of else None

    def told(self, children: tuple[Node, ...] = ()) -> Node:
        """As the wire tells it."""
        text = (self.text or "") if self.role != _PASSWORD else ""
        return Node(
            ref=self.ref,
            app=self.app,
            pid=self.pid,
            role=self.role,
            name=self.name,
            description="",
            states=self.states,
            text=(text if len(text) <= _KEPT else f"{text[:_KEPT]}…") or None,
            value=None,
            box=self.box,
            actions=("click",) if self.click else (),
            children=children,
            omitted=len(self.children) - len(children),
        )

    def all(self) -> Iterator[Thing]:
        """It and what is below it, in order."""
        yield self
        for child in self.children:
            yield from child.all()


class FakeAccessibility:
    """Nodes of the windows there are. A node is gone with its window or its button."""

    def __init__(self, screen: FakeScreen, held: Held, *, patient: bool) -> None:
        self._screen = screen
        self._held = held
        self.patient = patient

    async def do(self, action: AccessibilityAction) -> AccessibilityResult | Done:
        """One action of this room."""
        async with self._held.during(action):
            match action:
                case ReadTree():
                    return self._tree(action)
                case FindNodes(scope=scope, query=query, limit=limit):
                    found = self._find(scope, query)
                    some = tuple(one.told() for one in found[:limit])
                    return NodesFound(nodes=some, more=len(found) > limit, silent=())
                case WaitNode():
                    return NodeFound(node=await self._wait(action))
                case ReadNode(node=ref, start=start, limit=limit):
                    return _piece(self._thing(ref), start, limit)
                case ReadFocus():
                    return self._focus()
                case _:
                    self._act(action)
                    return Done()

    def _act(self, action: FocusNode | ActOnNode | SetNodeText | SetNodeValue) -> None:
        thing = self._thing(action.node)
        match action:
            case FocusNode() if thing.text_of:
                self._screen.top(thing.text_of)
            case ActOnNode(action=wanted) if thing.click and (wanted or "click").casefold() == "click":
                thing.click()
            case SetNodeText(text=text) if thing.text_of:
                thing.text_of.window.text = text
            case FocusNode() | ActOnNode() | SetNodeText() | SetNodeValue():
                raise Refused(ErrorCode.NODE_REFUSED, f"node {thing.ref}, a {thing.role}, does not {action.kind}")
            case _:
                assert_never(action)

    def _tree(self, wanted: ReadTree) -> NodeTree:
        tops = [self._thing(wanted.node)] if wanted.node else self._programs(wanted.scope)
        level = tops[: wanted.limit]
        left = wanted.limit - len(level)
        kept: dict[str, tuple[Thing, ...]] = {}
        here = level
        for _ in range(wanted.depth):
            below: list[Thing] = []
            for one in level:
                kept[one.ref] = one.children[: left - len(below)]
                below += kept[one.ref]
            left -= len(below)
            level = below

        def told(one: Thing) -> Node:
            return one.told(tuple(map(told, kept.get(one.ref, ()))))

        return NodeTree(nodes=tuple(map(told, here)), silent=())

    def _find(self, scope: NodeScope, query: NodeQuery) -> list[Thing]:
        try:
            regex = re.compile(query.name_regex or "")
        except re.error as error:
            raise Refused(ErrorCode.MALFORMED, f"name_regex {query.name_regex!r}: {error}") from None
        inside = [one for program in self._programs(scope) for top in program.children for one in top.all()]
        return [
            one
            for one in inside
            if (query.role is None or _fold(query.role) == _fold(one.role))
            and (query.name is None or _fold(query.name) == _fold(one.name))
            and regex.search(one.name)
            and (query.text is None or _fold(query.text) in _fold(one.text or ""))
            and set(query.states) <= set(one.states)
        ]

    async def _wait(self, wanted: WaitNode) -> Node:
        try:
            async with asyncio.timeout(wanted.timeout_ms / 1000 if self.patient else 0):
                while not (found := self._find(wanted.scope, wanted.query)):
                    await self._screen.news.wait()
        except TimeoutError:
            given = wanted.query.model_dump(exclude_defaults=True) | wanted.scope.model_dump(exclude_defaults=True)
            heard = ", ".join(repr(one.app) for one in self._programs(NodeScope())) or "none"
            message = f"no node with {given} within {wanted.timeout_ms} ms; programs that tell their nodes: {heard}"
            raise Refused(ErrorCode.NO_SUCH_NODE, message) from None
        return found[0].told()

    def _focus(self) -> NodeFocus:
        focused = [one for program in self._programs(NodeScope()) for one in program.all() if "focused" in one.states]
        if not focused:
            return NodeFocus(node=None, text=None)
        text = None if focused[0].role == _PASSWORD else _piece(focused[0], 0, MAX_TEXT)
        return NodeFocus(node=focused[0].told(), text=text)

    def _thing(self, ref: str) -> Thing:
        for program in self._programs(NodeScope(hidden=True)):
            for one in program.all():
                if one.ref == ref:
                    return one
        message = f"node {ref} is gone: what it stood for was closed or replaced; find it again"
        raise Refused(ErrorCode.NO_SUCH_NODE, message)

    def _programs(self, scope: NodeScope) -> list[Thing]:
        """A program for each window, as far as they are in the scope."""
        return [
            _program(one, active=one is self._screen.active)
            for one in (self._screen.stack if scope.hidden else self._screen.shown)
            if (scope.app is None or _fold(scope.app) in _fold(one.window.window_class[0]))
            and (scope.window is None or _fold(scope.window) in _fold(one.window.title))
            and (scope.pid is None or scope.pid == one.pid)
        ]


def _program(opened: Opened, *, active: bool) -> Thing:
    window, app, path = opened.window, opened.window.window_class[0], f":1.{opened.id}"
    role, pid = _PASSWORD if window.password else "text", opened.pid
    shown = tuple(state for state in _SHOWN if state != "showing" or opened.state != "minimized")
    editing: tuple[NodeState, ...] = ("editable", "focusable", "multi-line", *(("focused",) if active else ()), *shown)
    text = Thing(f"{path}/text", app, pid, role, "", editing, window.text_box(), text_of=opened)
    buttons = [
        Thing(f"{path}/button{n}", app, pid, "button", name, shown, box, click=partial(window.buttons[name], window))
        for n, (name, box) in enumerate(window.button_boxes().items())
    ]
    states: tuple[NodeState, ...] = ("active", *shown) if active else shown
    frame = Thing(f"{path}/frame", app, pid, "frame", window.title, states, window.frame, (text, *buttons))
    return Thing(f"{path}/root", app, pid, "application", app, (), None, (frame,))


def _piece(thing: Thing, start: int, limit: int) -> NodeText:
    text = thing.text
    if text is None or thing.role == _PASSWORD:
        raise Refused(ErrorCode.NODE_REFUSED, f"node {thing.ref}, a {thing.role}, has no text")
    return NodeText(text=text[start : start + limit], start=start, length=len(text), caret=len(text), selection=None)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
