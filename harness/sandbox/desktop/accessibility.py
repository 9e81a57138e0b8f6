"""What programs tell of their windows themselves: roles, names, states and exact places, without OCR or pictures.

Nodes come from the programs, over AT-SPI: those of GTK and Qt, and Chromium with its pages, of which it tells what is
on the screen. A program that draws for itself, as xterm does, tells nothing. A node can be used until its program
closes or replaces it; its `box` is where it was when it was read, and `node.box` can be clicked like any region.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.sandbox.desktop.requests import GRACE, SETTLE, Requests, either, ms, sendable
from sandbox_image.wire import (
    MAX_TEXT,
    ActOnNode,
    Effect,
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
    SetNodeText,
    SetNodeValue,
    Settle,
    WaitNode,
)


class Accessibility(Requests):
    """Reading and working at nodes. Every method raises AccessibilityFailed where the desktop's bus does not answer."""

    async def accessibility_tree(
        self,
        app: str | None = None,
        *,
        window: str | None = None,
        pid: int | None = None,
        node: Node | str | None = None,
        hidden: bool = False,
        depth: int = 30,
        limit: int = 500,
    ) -> NodeTree:
        """What the programs show, as a tree of nodes: each program, its windows, what is in them.

        `app` and `window` are parts of a program's name and of a title, in any case; `pid` is that of the program;
        `node` reads that node again and what is below it. Only what shows is told, with `hidden` also closed menus
        and such. At most `limit` nodes (up to 5000) to `depth` levels below the top (up to 60), level by level; a
        node's `omitted` says how many children it has that are not told. `silent` names the programs that did not
        answer. Boxes are screen pixels. Raises NoSuchNode where `node` is gone.
        """
        with sendable():
            scope = NodeScope(app=app, window=window, pid=pid, hidden=hidden)
            action = ReadTree(scope=scope, node=_ref(node) if node else None, depth=depth, limit=limit)
        return await self._one(action, NodeTree)

    async def find_nodes(
        self,
        role: str | None = None,
        name: str | re.Pattern[str] | None = None,
        *,
        text: str | None = None,
        states: Sequence[NodeState] = (),
        app: str | None = None,
        window: str | None = None,
        pid: int | None = None,
        hidden: bool = False,
        limit: int = 100,
    ) -> NodesFound:
        """All nodes that match everything given, in the order in which the programs have them, at most `limit`.

        `role` as AT-SPI calls it: `button`, `menu item`, `entry`, `link`. `name` is the whole name, in any case,
        or a regular expression that is searched in it; `text` a part of the node's text, in any case.
        `states` are all to be there, such as `focused`, `checked`, `editable`. `app`, `window`, `pid` and `hidden`
        as for `accessibility_tree`. Nodes come without their children. Nothing found is no error.
        """
        literal, regex = either(name)
        with sendable():
            scope = NodeScope(app=app, window=window, pid=pid, hidden=hidden)
            query = NodeQuery(role=role, name=literal, name_regex=regex, text=text, states=tuple(states))
            action = FindNodes(scope=scope, query=query, limit=limit)
        return await self._one(action, NodesFound)

    async def wait_for_node(
        self,
        role: str | None = None,
        name: str | re.Pattern[str] | None = None,
        *,
        text: str | None = None,
        states: Sequence[NodeState] = (),
        app: str | None = None,
        window: str | None = None,
        pid: int | None = None,
        hidden: bool = False,
        timeout: float = 40.0,  # noqa: ASYNC109 - the sandbox does the waiting, and says what it saw meanwhile
    ) -> Node:
        """Wait for a node that matches everything given, as for `find_nodes`; the first one of several.

        Raises NoSuchNode after `timeout` seconds.
        """
        literal, regex = either(name)
        with sendable():
            scope = NodeScope(app=app, window=window, pid=pid, hidden=hidden)
            query = NodeQuery(role=role, name=literal, name_regex=regex, text=text, states=tuple(states))
            action = WaitNode(scope=scope, query=query, timeout_ms=ms(timeout, 0))
        return (await self._one(action, NodeFound, deadline=timeout + GRACE)).node

    async def node_text(self, node: Node | str, *, start: int = 0, limit: int = MAX_TEXT) -> NodeText:
        """The text of an editor, a field, a terminal: `limit` characters from `start` on, caret and selection.

        `length` is that of all of it. Raises NoSuchNode, and NodeRefused where there is no text or it is a password.
        """
        with sendable():
            action = ReadNode(node=_ref(node), start=start, limit=limit)
        return await self._one(action, NodeText)

    async def focused(self) -> NodeFocus:
        """The node with the keyboard focus in the active window, and its text; either may be None.

        Text is None where the program tells none, and for a password.
        """
        return await self._one(ReadFocus(), NodeFocus)

    async def focus_node(self, node: Node | str, *, settle: Settle = SETTLE) -> Effect:
        """Give a node the keyboard focus within its window, which is not raised. Raises NoSuchNode, NodeRefused."""
        with sendable():
            action = FocusNode(node=_ref(node))
        return await self._act(action, settle)

    async def act_on_node(self, node: Node | str, action: str | None = None, *, settle: Settle = SETTLE) -> Effect:
        """Do one of `node.actions`, in any case, the first where none is named: as if it were clicked, wherever it is.

        Raises NoSuchNode, NodeRefused where there is no such action.
        """
        with sendable():
            act = ActOnNode(node=_ref(node), action=action)
        return await self._act(act, settle)

    async def set_node_text(self, node: Node | str, text: str, *, settle: Settle = SETTLE) -> Effect:
        """Replace all text of an editable node. Raises NoSuchNode, NodeRefused: Chromium wants its fields typed in."""
        with sendable():
            action = SetNodeText(node=_ref(node), text=text)
        return await self._act(action, settle)

    async def set_node_value(self, node: Node | str, value: float, *, settle: Settle = SETTLE) -> Effect:
        """Set what a slider or spin button shows. Raises NoSuchNode, NodeRefused: no value, or not in its range."""
        with sendable():
            action = SetNodeValue(node=_ref(node), value=value)
        return await self._act(action, settle)


def _ref(node: Node | str) -> str:
    return node.ref if isinstance(node, Node) else node
