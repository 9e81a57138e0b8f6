"""What programs tell of their windows themselves: a tree of nodes, each with a role, a name and a place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sandbox_image.wire.base import MAX_DEADLINE_MS, MAX_TEXT, Message
from sandbox_image.wire.geometry import Region

NodeRef = Annotated[str, Field(max_length=256, pattern=r"^:[0-9]+\.[0-9]+(/[A-Za-z0-9_]+)+$")]
"""Names a node for as long as its program keeps it; never another one."""

NodeState = Literal[
    "invalid",
    "active",
    "armed",
    "busy",
    "checked",
    "collapsed",
    "defunct",
    "editable",
    "enabled",
    "expandable",
    "expanded",
    "focusable",
    "focused",
    "has-tooltip",
    "horizontal",
    "iconified",
    "modal",
    "multi-line",
    "multiselectable",
    "opaque",
    "pressed",
    "resizable",
    "selectable",
    "selected",
    "sensitive",
    "showing",
    "single-line",
    "stale",
    "transient",
    "vertical",
    "visible",
    "manages-descendants",
    "indeterminate",
    "required",
    "truncated",
    "animated",
    "invalid-entry",
    "supports-autocompletion",
    "selectable-text",
    "is-default",
    "visited",
    "checkable",
    "has-popup",
    "read-only",
]
"""What a node may be, in AT-SPI's words and in the order of their bits there."""

Words = Annotated[str, Field(min_length=1, max_length=1000)]


class NodeScope(Message):
    """Where to look. `app` and `window` are parts of a name and a title, case folded; `pid` that of the program.

    Only what shows on the screen is looked at, unless `hidden` says otherwise: then also closed menus and what is
    scrolled out of view, as far as the program tells it.
    """

    app: Words | None = None
    window: Words | None = None
    pid: int | None = None
    hidden: bool = False


class NodeQuery(Message):
    """What a node has to be: everything that is given.

    `role` is compared folded, `name` as well: the whole name, case and runs of space aside. `name_regex` is a
    Python regular expression searched in the name, `text` a part of the node's text, folded. `states` it all has.
    """

    role: Words | None = None
    name: Words | None = None
    name_regex: Words | None = None
    text: Words | None = None
    states: tuple[NodeState, ...] = Field(default=(), max_length=40)


class ReadTree(Message):
    """Read the tree, or from one node down, `depth` levels below its top, level by level, at most `limit` nodes."""

    kind: Literal["read_tree"] = "read_tree"
    scope: NodeScope = NodeScope()
    node: NodeRef | None = None
    depth: int = Field(default=30, ge=0, le=60)
    limit: int = Field(default=500, ge=1, le=5000)


class FindNodes(Message):
    """Find nodes, in the order in which their programs have them.

    `quick` is for whoever asks all the time: no program is kept at it for long, one that would be is named among the
    silent ones. Browsers look for the role themselves; in other programs it is looked for in what shows alone, and
    not in menus, tables and long lists.
    """

    kind: Literal["find_nodes"] = "find_nodes"
    scope: NodeScope = NodeScope()
    query: NodeQuery = NodeQuery()
    limit: int = Field(default=100, ge=1, le=1000)
    quick: bool = False


class WaitNode(Message):
    """Wait until there is such a node; the first one where there are several. Fails with `no_such_node`."""

    kind: Literal["wait_node"] = "wait_node"
    scope: NodeScope = NodeScope()
    query: NodeQuery = NodeQuery()
    timeout_ms: int = Field(default=40_000, ge=0, le=MAX_DEADLINE_MS)


class ReadNode(Message):
    """Read a node's text from its character `start` on."""

    kind: Literal["read_node"] = "read_node"
    node: NodeRef
    start: int = Field(default=0, ge=0, le=2**31 - 1)
    limit: int = Field(default=MAX_TEXT, ge=1, le=MAX_TEXT)


class ReadFocus(Message):
    """Read what has the keyboard focus, and its text where it tells one; never a password.

    `pid` is that of the program: the one that has the X server's focus, where none is given.
    """

    kind: Literal["read_focus"] = "read_focus"
    pid: int | None = None


class FocusNode(Message):
    """Give a node the keyboard focus within its window."""

    kind: Literal["focus_node"] = "focus_node"
    node: NodeRef


class ActOnNode(Message):
    """Do one of the actions the node tells of, the first one where none is named."""

    kind: Literal["act_on_node"] = "act_on_node"
    node: NodeRef
    action: Words | None = None


class SetNodeText(Message):
    """Replace all text of an editable node."""

    kind: Literal["set_node_text"] = "set_node_text"
    node: NodeRef
    text: str = Field(max_length=MAX_TEXT)


class SetNodeValue(Message):
    """Set the number that a slider or a spin button shows."""

    kind: Literal["set_node_value"] = "set_node_value"
    node: NodeRef
    value: float = Field(allow_inf_nan=False)


class Node(Message):
    """One thing that a program shows, as the program tells it; `pid` is that of the program.

    `role`, `states` and `actions` are AT-SPI's words: `button`, `showing`, `click`. Names, descriptions and text
    that are long end in `…`; text is only told where it is another than the name. `value` is what a slider shows.
    `omitted` children are there and not told, because of depth, limit or size.
    """

    ref: NodeRef
    app: str
    pid: int | None = None
    role: str
    name: str
    description: str
    states: tuple[NodeState, ...]
    text: str | None
    value: float | None
    box: Region | None  # screen pixels; none for what has no place on the screen
    actions: tuple[str, ...]
    children: tuple[Node, ...] = ()
    omitted: int = Field(ge=0)


class NodeTree(Message):
    """Programs with their windows, or the one node that was asked for.

    `silent` names the programs that did not answer in time.
    """

    kind: Literal["node_tree"] = "node_tree"
    nodes: tuple[Node, ...]
    silent: tuple[str, ...]


class NodesFound(Message):
    """Nodes without their children. `more`: there are others beyond the limit, or beyond what one answer holds."""

    kind: Literal["nodes_found"] = "nodes_found"
    nodes: tuple[Node, ...]
    more: bool
    silent: tuple[str, ...]


class NodeFound(Message):
    """The node that was waited for."""

    kind: Literal["node_found"] = "node_found"
    node: Node


class NodeText(Message):
    """Text of a node. `length` is that of all of it; `caret` and `selection` are places in all of it."""

    kind: Literal["node_text"] = "node_text"
    text: str
    start: int = Field(ge=0)
    length: int = Field(ge=0)
    caret: int | None
    selection: tuple[int, int] | None


class NodeFocus(Message):
    """What has the keyboard focus, as far as a program tells it."""

    kind: Literal["node_focus"] = "node_focus"
    node: Node | None
    text: NodeText | None


NodeReading = ReadTree | FindNodes | WaitNode | ReadNode | ReadFocus
"""What changes nothing."""

AccessibilityAction = NodeReading | FocusNode | ActOnNode | SetNodeText | SetNodeValue
AccessibilityResult = NodeTree | NodesFound | NodeFound | NodeText | NodeFocus
