"""Looking through programs: real ones, one that has to be walked through, one that talks nonsense."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sandbox_image.accessibility.bus import PATIENCE, Bus
from sandbox_image.accessibility.helper import answer
from sandbox_image.accessibility.looking import Look, Room
from sandbox_image.accessibility.wanted import Wanted
from sandbox_image.channel import MAX_FRAME
from sandbox_image.wire import FindNodes, NodeQuery, NodeScope, WaitNode

if TYPE_CHECKING:
    from tests.support.accessible import TellingProgram

Start = Callable[..., subprocess.Popen[bytes]]


def look(bus: Bus, **scope: Any) -> Look:
    return Look(bus, NodeScope(**scope).model_dump())


def wanted(*, hidden: bool = False, **query: Any) -> Wanted:
    return Wanted.of(NodeQuery(**query).model_dump(), hidden=hidden)


def test_an_answer_has_room_for_so_many_nodes_and_bytes() -> None:
    room = Room(2)
    assert [room.takes({}) for _ in range(4)] == [True, True, False, False]
    room = Room(5000)
    big = {"name": "n" * (MAX_FRAME // 4)}
    assert [room.takes(big) for _ in range(4)] == [True, True, False, False]
    assert not room.takes({})


@pytest.mark.x11
async def test_a_program_that_cannot_search_is_walked_through(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    teller.add("outer", Told())
    for path, parent, states in (("a", "outer", ("showing",)), ("b", "a", ("showing",)), ("c", "window", ())):
        teller.add(path, Told(path, "button", states), parent)
    found, more = await look(bus, pid=os.getpid()).find(wanted(role="button"), 10)
    assert ([told["name"] for told in found], more) == (["a", "b"], False)
    found, more = await look(bus, pid=os.getpid(), hidden=True).find(wanted(role="button", hidden=True), 2)
    assert ([told["name"] for told in found], more) == (["a", "b"], True)


@pytest.mark.x11
async def test_the_tree_is_told_level_by_level_and_what_is_left_out_counted(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    for path in ("a", "b"):
        teller.add(path, Told(path))
        teller.add(f"{path}1", Told(f"{path}1"), path)
    teller.add("unseen", Told("unseen", states=()))

    def names(told: dict[str, Any]) -> list[Any]:
        return [told["name"], told["omitted"], *map(names, told["children"])]

    (program,) = await look(bus, pid=os.getpid()).tree(None, 30, 500)
    assert names(program) == ["teller", 0, ["Window", 0, ["a", 0, ["a1", 0]], ["b", 0, ["b1", 0]]]]
    (program,) = await look(bus, pid=os.getpid()).tree(None, 30, 5)
    assert names(program) == ["teller", 0, ["Window", 0, ["a", 0, ["a1", 0]], ["b", 1]]]
    (window,) = await look(bus).tree(teller.ref("window"), 1, 500)
    assert names(window) == ["Window", 0, ["a", 1], ["b", 1]]


@pytest.mark.x11
async def test_of_very_many_children_some_are_told(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    for number in range(1200):
        teller.add(f"cell{number}", Told(f"cell {number}"))
    (window,) = await look(bus).tree(teller.ref("window"), 1, 21)
    assert [told["name"] for told in window["children"]] == [f"cell {number}" for number in range(20)]
    assert window["omitted"] == 1180


@pytest.mark.x11
async def test_a_program_that_talks_nonsense_is_left_out_and_named(bus: Bus, teller: TellingProgram) -> None:
    teller.lies["GetState"] = ("s", ["nonsense"])
    this = look(bus, pid=os.getpid())
    assert await this.find(wanted(), 10) == ([], False)
    (name,) = this.silent
    assert name.endswith(f"({os.getpid()})")


@pytest.mark.x11
async def test_a_tree_without_an_end_is_cut_where_it_is_told_and_left_out_where_it_is_searched(
    bus: Bus, teller: TellingProgram
) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    teller.add("loop", Told("loop"))
    teller.nodes["loop"].children.append("loop")
    this = look(bus, pid=os.getpid())
    assert (await this.find(wanted(role="button"), 10), len(this.silent)) == (([], False), 1)
    (told,) = await look(bus).tree(teller.ref("window"), 60, 500)
    for _ in range(60):
        (told,) = told["children"]
    assert (told["name"], told["omitted"]) == ("loop", 1)


@pytest.mark.x11
async def test_a_program_that_is_stopped_is_named_and_the_others_are_told(
    bus: Bus, teller: TellingProgram, start: Start
) -> None:
    process = start("mousepad", "--disable-server")
    waiting = WaitNode(scope=NodeScope(pid=process.pid), query=NodeQuery(role="menu", name="File"))
    await answer(bus, waiting.model_dump())
    process.send_signal(signal.SIGSTOP)
    teller.nodes["window"].name = "Still here"
    found = await answer(bus, FindNodes(query=NodeQuery(name="still here")).model_dump())
    assert found["silent"] == [f"mousepad ({process.pid})"]
    assert [told["name"] for told in found["nodes"]] == ["Still here"]
    assert len(json.dumps(found)) < MAX_FRAME


@pytest.mark.x11
async def test_what_has_the_focus_is_the_innermost_in_the_active_window(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    focused = ("focused", "focusable", "showing")
    teller.add("page", Told("page", states=focused))
    teller.add("field", Told("field", states=focused), "page")
    assert await look(bus).focused() is None
    assert await look(bus, pid=os.getpid()).focused() == teller.ref("field")  # the program is known to be in front
    teller.nodes["window"].states = ("active", "showing")
    assert await look(bus, pid=os.getpid()).focused() == teller.ref("field")


@pytest.mark.x11
async def test_a_quick_look_finds_fields_and_leaves_what_may_hold_very_much_alone(
    bus: Bus, teller: TellingProgram
) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    field = Told("Password", "password text")
    teller.add("panel", Told())
    wanted_one = teller.add("field", field, "panel")
    teller.add("unseen", Told("Password", "password text", states=()), "panel")
    teller.add("table", Told(role="table"))
    teller.add("cell", field, "table")
    teller.add("long", Told(role="list"))
    for number in range(101):
        teller.add(f"row{number}", field, "long")
    found, more = await look(bus, hidden=True).find(wanted(hidden=True, role="password text"), 10, quick=True)
    assert [told["ref"] for told in found] == [str(wanted_one)]
    assert not more
    everywhere, _ = await look(bus).find(wanted(role="password text"), 1000)
    assert len(everywhere) == 103


@pytest.mark.x11
async def test_a_quick_look_names_a_program_that_does_not_answer_and_does_not_wait_for_it(
    bus: Bus, teller: TellingProgram, start: Start
) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    process = start("mousepad", "--disable-server")
    waiting = WaitNode(scope=NodeScope(pid=process.pid), query=NodeQuery(role="menu", name="File"))
    await answer(bus, waiting.model_dump())
    teller.add("field", Told("Password", "password text"))
    process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(PATIENCE):  # which is what one call may take
        found = await answer(bus, FindNodes(query=NodeQuery(role="password text"), quick=True).model_dump())
    assert found["silent"] == [f"mousepad ({process.pid})"]
    assert [told["name"] for told in found["nodes"]] == ["Password"]
