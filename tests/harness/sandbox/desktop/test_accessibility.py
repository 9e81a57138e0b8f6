"""Nodes, as a Desktop has them."""

from __future__ import annotations

import re

import pytest

from harness.errors import NodeRefused, NoSuchNode, UsageError
from harness.testing import FakeDesktop, FakeWindow
from sandbox_image.wire import ActOnNode, FindNodes, NodeQuery, NodeScope, ReadTree
from tests.support.desktops import SCREEN


def desktop() -> FakeDesktop:
    made = FakeDesktop(SCREEN)
    made.guest.show(FakeWindow(title="Form", text="draft", buttons={"Send": lambda window: window.typed(" sent")}))
    return made


async def test_a_box_can_be_clicked_like_any_region() -> None:
    form = desktop()
    button = await form.wait_for_node("button", "Send")
    assert button.box is not None
    await form.click(button.box)
    assert (await form.find_nodes("text")).nodes[0].text == "draft sent"


async def test_working_at_a_node_tells_what_changed() -> None:
    form = desktop()
    (button,), (text,) = (await form.find_nodes("button")).nodes, (await form.find_nodes("text")).nodes
    assert (await form.act_on_node(button)).changed
    assert (await form.set_node_text(text.ref, "new")).changed
    assert not (await form.focus_node(text)).changed
    assert (await form.node_text(text, start=1)).text == "ew"
    with pytest.raises(NodeRefused):
        await form.set_node_value(text, 1)


async def test_a_query_and_a_scope_are_sent_as_they_are_given() -> None:
    form = desktop()
    await form.find_nodes("button", "Send", states=["enabled"], app="fake", window="form", hidden=True, limit=7)
    await form.accessibility_tree("fake", depth=2)
    found, tree = form.guest.done
    assert found == FindNodes(
        scope=NodeScope(app="fake", window="form", hidden=True),
        query=NodeQuery(role="button", name="Send", states=("enabled",)),
        limit=7,
    )
    assert tree == ReadTree(scope=NodeScope(app="fake"), depth=2)


async def test_a_node_that_does_not_come_is_told_with_what_was_asked_for() -> None:
    with pytest.raises(NoSuchNode, match="'name_regex': 'Cancel'"):
        await desktop().wait_for_node(name=re.compile("Cancel"))


async def test_what_names_no_node_is_the_callers_error_and_nothing_is_sent() -> None:
    form = desktop()
    for attempt in (form.act_on_node("Send"), form.find_nodes(role=""), form.find_nodes(limit=1001)):
        with pytest.raises(UsageError):
            await attempt
    assert not any(isinstance(action, ActOnNode) for action in form.guest.done)


async def test_what_has_the_focus_is_told_with_its_text() -> None:
    focus = await desktop().focused()
    assert focus.node is not None
    assert focus.text is not None
    assert (focus.node.role, focus.text.text) == ("text", "draft")
