"""The helper's process, as the worker starts it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from sandbox_image.accessibility.link import Accessibility
from sandbox_image.wire import (
    ActOnNode,
    FindNodes,
    Message,
    NodeQuery,
    NodeScope,
    ReadFocus,
    ReadNode,
    ReadTree,
    SetNodeValue,
    WaitNode,
)

if TYPE_CHECKING:
    from tests.support.accessible import TellingProgram

US = NodeScope(pid=os.getpid())


@pytest.fixture
async def helper(accessible: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Accessibility]:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", accessible["DBUS_SESSION_BUS_ADDRESS"])
    link = Accessibility()
    yield link
    await link.close()


async def ask(helper: Accessibility, request: Message) -> Any:
    return json.loads(await helper.ask(request.model_dump()))


@pytest.mark.x11
async def test_nodes_are_read_found_and_worked_at(helper: Accessibility, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = str(teller.add("field", Told("Field", "entry", text="content", value=1, actions=("activate",))))
    tree = await ask(helper, ReadTree(scope=US))
    assert [told["name"] for told in tree["nodes"][0]["children"]] == ["Window"]
    found = await ask(helper, FindNodes(scope=US, query=NodeQuery(role="entry")))
    assert [told["ref"] for told in found["nodes"]] == [ref]
    text = await ask(helper, ReadNode(node=ref, start=3, limit=4))
    assert (text["kind"], text["text"], text["start"], text["length"]) == ("node_text", "tent", 3, 7)
    assert await ask(helper, ActOnNode(node=ref)) == {"kind": "done"}
    assert (await ask(helper, SetNodeValue(node=ref, value=11)))["code"] == "node_refused"
    assert (await ask(helper, ReadNode(node=":1.99999/1")))["code"] == "no_such_node"
    assert teller.done == [("DoAction", 0)]


@pytest.mark.x11
async def test_a_wait_ends_when_the_node_is_there(helper: Accessibility, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    waiting = asyncio.create_task(ask(helper, WaitNode(scope=US, query=NodeQuery(name="late"))))
    await asyncio.wait([waiting], timeout=0.3)
    assert not waiting.done()
    ref = teller.add("late", Told("Late"))
    await teller.say()
    assert (await waiting)["node"]["ref"] == str(ref)


@pytest.mark.x11
async def test_a_wait_for_what_does_not_come_says_who_was_heard(helper: Accessibility, teller: TellingProgram) -> None:
    teller.lies["GetState"] = ("s", ["nonsense"])
    told = await ask(helper, WaitNode(scope=US, query=NodeQuery(name="never"), timeout_ms=1))
    assert told["code"] == "no_such_node"
    for part in ("'name': 'never'", "within 1 ms", "'teller'", f"without an answer: python3 ({os.getpid()})"):
        assert part in told["message"]


@pytest.mark.x11
async def test_the_focus_is_told_with_its_text_but_no_password(helper: Accessibility, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    assert await ask(helper, ReadFocus()) == {"kind": "node_focus", "node": None, "text": None}
    teller.nodes["window"].states = ("active", "showing")
    teller.add("field", Told("Field", "entry", ("focused", "focusable", "showing"), text="typed"))
    focus = await ask(helper, ReadFocus())
    assert (focus["node"]["name"], focus["text"]["text"]) == ("Field", "typed")
    teller.nodes["field"].role = "password text"
    focus = await ask(helper, ReadFocus())
    assert (focus["node"]["name"], focus["node"]["text"], focus["text"]) == ("Field", None, None)


@pytest.mark.x11
async def test_a_program_that_talks_nonsense_of_a_node_is_a_failure(
    helper: Accessibility, teller: TellingProgram
) -> None:
    teller.lies["GetInterfaces"] = ("i", [7])
    told = await ask(helper, ReadTree(node=str(teller.ref("window"))))
    assert (told["code"], "makes no sense" in told["message"]) == ("accessibility_failed", True)


async def test_a_desktop_without_a_bus_is_a_failure_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
    source = "import sys; sys.path[:0] = {!r}; from sandbox_image.accessibility.helper import main; main()"
    link = Accessibility([sys.executable, "-I", "-c", source.format(sys.path)])
    told = await ask(link, ReadFocus())
    assert (told["code"], "no accessibility bus" in told["message"]) == ("accessibility_failed", True)
    await link.close()
