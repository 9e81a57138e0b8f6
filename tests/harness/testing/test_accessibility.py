"""Nodes of the desktop in memory."""

from __future__ import annotations

import asyncio

import pytest

from harness.errors import NodeRefused
from harness.testing import FakeDesktop, FakeGuest, FakeWindow
from sandbox_image.wire import (
    ActOnNode,
    CloseWindow,
    ErrorCode,
    FindNodes,
    FocusNode,
    ListWindows,
    Node,
    NodeFocus,
    NodeFound,
    NodeQuery,
    NodeScope,
    NodesFound,
    NodeText,
    NodeTree,
    ReadFocus,
    ReadNode,
    ReadTree,
    SetNodeText,
    SetNodeValue,
    SetWindowState,
    WaitNode,
    WindowList,
)
from tests.support.asking import SCREEN, code, done


def titled(window: FakeWindow) -> None:
    window.title = "pressed"


def guest(*, patient: bool = False) -> FakeGuest:
    made = FakeGuest(SCREEN, patient=patient)
    made.show(FakeWindow(title="Note", text="first", buttons={"Save": titled}, window_class=("note", "Note")), pid=7)
    return made


async def find(guest: FakeGuest, *, hidden: bool = False, **query: str) -> list[Node]:
    found = FindNodes(scope=NodeScope(hidden=hidden), query=NodeQuery.model_validate(query))
    (result,) = (await done(guest, found)).results
    assert isinstance(result, NodesFound)
    return list(result.nodes)


async def test_a_window_tells_its_frame_its_text_and_its_buttons() -> None:
    (tree,) = (await done(guest(), ReadTree())).results
    assert isinstance(tree, NodeTree)
    (program,) = tree.nodes
    (frame,) = program.children
    assert (program.role, program.name, frame.role, frame.name) == ("application", "note", "frame", "Note")
    assert [(one.role, one.name, one.text, one.actions) for one in frame.children] == [
        ("text", "", "first", ()),
        ("button", "Save", None, ("click",)),
    ]


async def test_a_button_is_where_it_is_drawn_and_does_what_a_click_does() -> None:
    made = guest()
    window = made.show(FakeWindow(buttons={"Go": titled}))
    (button,) = await find(made, role="button", name="go")
    assert button.box == window.button_boxes()["Go"]
    assert code(await done(made, ActOnNode(node=button.ref, action="CLICK"))) is None
    assert window.title == "pressed"


async def test_a_window_that_is_minimized_shows_nothing() -> None:
    made = guest()
    (listed,) = (await done(made, ListWindows())).results
    assert isinstance(listed, WindowList)
    await done(made, SetWindowState(window=listed.windows[0].id, state="minimized"))
    assert await find(made, role="text") == []
    assert [node.text for node in await find(made, hidden=True, role="text")] == ["first"]
    assert (await done(made, ReadFocus())).results == (NodeFocus(node=None, text=None),)
    await done(made, CloseWindow(window=listed.windows[0].id))
    assert await find(made, hidden=True) == []


async def test_the_text_of_another_window_gets_the_focus() -> None:
    made = guest()
    (text,) = await find(made, role="text")
    made.show(FakeWindow(text="other"))
    await done(made, FocusNode(node=text.ref))
    (focus,) = (await done(made, ReadFocus())).results
    assert isinstance(focus, NodeFocus)
    assert focus.node is not None
    assert focus.node.ref == text.ref
    assert focus.text == NodeText(text="first", start=0, length=5, caret=5, selection=None)


async def test_a_patient_guest_waits_for_a_node_that_is_shown_meanwhile() -> None:
    made = guest(patient=True)
    waiting = asyncio.create_task(done(made, WaitNode(query=NodeQuery(text="late"))))
    await asyncio.sleep(0)
    made.show(FakeWindow(text="too late"))
    (found,) = (await waiting).results
    assert isinstance(found, NodeFound)
    assert found.node.text == "too late"
    assert code(await done(guest(), WaitNode(query=NodeQuery(text="late")))) is ErrorCode.NO_SUCH_NODE


async def test_what_is_no_regular_expression_is_malformed() -> None:
    assert code(await done(guest(), FindNodes(query=NodeQuery(name_regex="(")))) is ErrorCode.MALFORMED


@pytest.mark.parametrize(
    "action",
    [
        ActOnNode(node=":1.1/frame"),
        FocusNode(node=":1.1/frame"),
        ReadNode(node=":1.1/frame"),
        SetNodeText(node=":1.1/frame", text="text"),
        SetNodeValue(node=":1.1/frame", value=1),
    ],
    ids=lambda action: action.kind,
)
async def test_a_node_refuses_what_it_cannot_do_and_one_that_is_gone_is_told(
    action: ActOnNode | FocusNode | ReadNode | SetNodeText | SetNodeValue,
) -> None:
    made = guest()
    assert code(await done(made, action)) is ErrorCode.NO_SUCH_NODE
    (frame,) = await find(made, role="frame")
    assert code(await done(made, action.model_copy(update={"node": frame.ref}))) is ErrorCode.NODE_REFUSED


async def test_a_field_for_passwords_shows_bullets_and_tells_no_text() -> None:
    desktop = FakeDesktop()
    desktop.guest.show(FakeWindow(text="hunter2", password=True), pid=7)
    (node,) = (await desktop.find_nodes("password text")).nodes
    assert (node.text, node.pid) == (None, 7)
    assert "•••••••" in [word.text for word in await desktop.read_text()]
    assert (await desktop.focused()).text is None
    with pytest.raises(NodeRefused):
        await desktop.node_text(node)
