"""What programs tell of their windows."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness.errors import NodeRefused, NoSuchNode, UsageError
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Node, Window
from tests.support.conformance.checks import check, editor


async def text_of(desktop: Desktop, window: Window) -> Node:
    """The node of an editor's text."""
    return await desktop.wait_for_node("text", pid=window.pid, states=["editable"])


@check
async def a_node_says_what_it_is_where_it_is_and_what_it_holds(desktop: Desktop) -> None:
    window = await editor(desktop)
    node = await text_of(desktop, window)
    assert (node.app, node.role, node.children) == (window.window_class[0], "text", ())
    assert {"editable", "showing", "focused"} <= set(node.states)
    assert node.box is not None
    await desktop.click(node.box)
    await desktop.type("Nodes conform today")
    again = (await desktop.accessibility_tree(node=node, depth=0)).nodes
    assert [(one.ref, one.text) for one in again] == [(node.ref, "Nodes conform today")]
    told = await desktop.node_text(node, start=6, limit=7)
    assert (told.text, told.start, told.length, told.caret, told.selection) == ("conform", 6, 19, 19, None)


@check
async def what_has_the_focus_is_told_with_its_text(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.type("read back")
    focus = await desktop.focused()
    assert focus.node is not None
    assert focus.text is not None
    assert (focus.node.ref, focus.text.text) == ((await text_of(desktop, window)).ref, "read back")


@check
async def nodes_are_found_by_everything_that_is_given(desktop: Desktop) -> None:
    window = await editor(desktop)
    found = await desktop.find_nodes("FRAME", f" {window.title.upper()}  ", pid=window.pid, app="MOUSE", window="pad")
    assert [(node.role, node.name) for node in found.nodes] == [("frame", window.title)]
    assert (found.more, found.silent) == (False, ())
    await desktop.type("needle")
    by_text = await desktop.wait_for_node(text="NEEDLE", pid=window.pid)
    assert by_text.ref == (await text_of(desktop, window)).ref
    assert (await desktop.find_nodes("frame", re.compile("pad$"), pid=window.pid)).nodes
    for role, name in (("frame", "Mousepad"), ("button", window.title)):
        assert (await desktop.find_nodes(role, name, pid=window.pid)).nodes == ()
    assert (await desktop.find_nodes(pid=window.pid, app="other")).nodes == ()
    assert (await desktop.find_nodes(pid=window.pid, window="other")).nodes == ()


@check
async def what_is_left_out_is_counted(desktop: Desktop) -> None:
    window = await editor(desktop)
    (program,) = (await desktop.accessibility_tree(pid=window.pid)).nodes
    (frame,) = program.children
    assert (program.role, program.omitted, frame.role, frame.name) == ("application", 0, "frame", window.title)
    assert frame.children
    for depth, limit in ((1, 500), (30, 2)):
        (program,) = (await desktop.accessibility_tree(pid=window.pid, depth=depth, limit=limit)).nodes
        (cut,) = program.children
        assert (cut.ref, cut.children, cut.omitted) == (frame.ref, (), len(frame.children))
    some = await desktop.find_nodes(pid=window.pid, limit=1)
    assert (len(some.nodes), some.more) == (1, True)


@check
async def text_is_set_in_one_go(desktop: Desktop) -> None:
    window = await editor(desktop)
    await desktop.type("old")
    node = await text_of(desktop, window)
    assert (await desktop.set_node_text(node, "new ß 漢\nlines")).changed
    assert (await desktop.node_text(node.ref)).text == "new ß 漢\nlines"


@check
async def a_wait_for_a_node_ends_when_it_comes_or_is_over(desktop: Desktop) -> None:
    waiting = asyncio.create_task(desktop.wait_for_node("text", text="awaited"))
    await editor(desktop)
    await desktop.type("awaited")
    assert "focused" in (await waiting).states
    with pytest.raises(NoSuchNode, match=r"Nowhere.*mousepad"):
        await desktop.wait_for_node("button", "Nowhere", timeout=0.05)


@check
async def a_node_is_gone_with_what_it_stood_for(desktop: Desktop) -> None:
    window = await editor(desktop)
    node = await text_of(desktop, window)
    await desktop.close_window(window)
    for attempt in (desktop.node_text(node), desktop.accessibility_tree(node=node), desktop.act_on_node(node)):
        with pytest.raises(NoSuchNode, match="find it again"):
            await attempt


@check
async def a_node_refuses_what_it_cannot_do(desktop: Desktop) -> None:
    window = await editor(desktop)
    node = await text_of(desktop, window)
    frame = (await desktop.find_nodes("frame", pid=window.pid)).nodes[0]
    for attempt in (
        desktop.act_on_node(node, "no such action"),
        desktop.set_node_value(node, 1),
        desktop.node_text(frame),
        desktop.set_node_text(frame, "text"),
    ):
        with pytest.raises(NodeRefused, match=r"node :"):
            await attempt


@check
async def what_no_node_can_be_is_the_callers_error(desktop: Desktop) -> None:
    for attempt in (
        desktop.find_nodes(states=["shiny"]),  # type: ignore[list-item]
        desktop.find_nodes(limit=0),
        desktop.node_text("mousepad"),
        desktop.accessibility_tree(depth=61),
        desktop.set_node_value(":1.1/1", float("nan")),
    ):
        with pytest.raises(UsageError):
            await attempt
