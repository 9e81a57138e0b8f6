"""One node, read and worked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

import pytest

from sandbox_image.accessibility import nodes
from sandbox_image.accessibility.bus import Bus, Unfit
from sandbox_image.wire import NodeState

if TYPE_CHECKING:
    from tests.support.accessible import TellingProgram


def test_the_states_are_those_of_the_wire_in_their_order() -> None:
    assert get_args(NodeState) == nodes.STATES


@pytest.mark.x11
async def test_all_that_a_node_tells_is_read(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    states = ("invalid", "showing", "manages-descendants", "indeterminate", "read-only")
    node = Told(" Save   ", "push button", states, text="Text \ufffc", value=2.5, actions=("press", "menu"))
    ref = teller.add("full", node)
    teller.add("child", Told(), "full")
    seen = await nodes.read(bus, ref, "teller")
    assert seen.told == {
        "ref": str(ref),
        "app": "teller",
        "pid": os.getpid(),
        "role": "button",
        "name": "Save",
        "description": "",
        "states": states,
        "text": "Text",
        "value": 2.5,
        "box": {"x": 10, "y": 20, "width": 30, "height": 40},
        "actions": ["press", "menu"],
        "children": [],
        "omitted": 1,
    }


@pytest.mark.x11
async def test_a_field_for_passwords_is_known_by_its_number_where_its_name_does_not_tell(
    bus: Bus, teller: TellingProgram
) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("field", Told("Password", "text", text="•••"))
    assert await nodes.role(bus, ref) == "text"
    teller.lies["GetRole"] = ("u", [nodes.ROLES[nodes.PASSWORD]])
    assert await nodes.role(bus, ref) == nodes.PASSWORD
    assert (await nodes.read(bus, ref, "teller")).told["text"] is None


@pytest.mark.x11
async def test_what_is_nowhere_has_no_box_and_what_says_its_name_no_text(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    for number, box in enumerate([(-(2**31), -(2**31), 1, 1), (-1, -1, -1, -1), (0, 0, 0, 5), (0, 0, 40_000, 5)]):
        told = (await nodes.read(bus, teller.add(f"n{number}", Told("label", text=" label ", box=box)), "teller")).told
        assert (told["box"], told["text"], told["value"], told["actions"]) == (None, None, None, [])


@pytest.mark.x11
async def test_what_is_long_is_cut_and_says_so(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("long", Told("n" * 1000, text="t" * 1000))
    told = (await nodes.read(bus, ref, "teller")).told
    assert (told["name"], told["text"]) == ("n" * nodes.KEPT_TEXT + "…", "t" * nodes.KEPT_TEXT + "…")
    assert await nodes.text(bus, ref, 990, 20) == ("t" * 10, 990, 1000, 1000, None)
    assert await nodes.text(bus, ref, 2000, 20) == ("", 2000, 1000, 1000, None)


@pytest.mark.x11
async def test_what_is_selected_is_told_with_its_text(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("selected", Told(text="all of it", selection=(4, 6)))
    assert (await nodes.text(bus, ref, 0, 100)).selection == (4, 6)


@pytest.mark.x11
async def test_a_password_is_never_told(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("password", Told("Password", "password text", text="secret"))
    assert (await nodes.read(bus, ref, "teller")).told["text"] is None
    with pytest.raises(Unfit, match="never told"):
        await nodes.text(bus, ref, 0, 100)


@pytest.mark.x11
async def test_an_action_is_done_by_its_name_in_any_case_or_the_first(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("button", Told("Go", actions=("press", "showMenu")))
    await nodes.act(bus, ref, "SHOWMENU")
    await nodes.act(bus, ref, None)
    assert teller.done == [("DoAction", 1), ("DoAction", 0)]
    with pytest.raises(Unfit, match="it has: 'press', 'showMenu'"):
        await nodes.act(bus, ref, "click")
    with pytest.raises(Unfit, match="it has: none"):
        await nodes.act(bus, teller.ref("window"), None)


@pytest.mark.x11
async def test_a_value_is_set_within_its_range(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("slider", Told("Volume", value=3))
    await nodes.set_value(bus, ref, 10)
    assert teller.done == [("Set", "org.a11y.atspi.Value", "CurrentValue", 10.0)]
    with pytest.raises(Unfit, match="from 0 to 10, not 11"):
        await nodes.set_value(bus, ref, 11)
    with pytest.raises(Unfit, match="has no value"):
        await nodes.set_value(bus, teller.ref("window"), 1)


@pytest.mark.x11
async def test_what_a_program_declines_is_refused(bus: Bus, teller: TellingProgram) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("stubborn", Told("No", actions=("press",)))
    await nodes.focus(bus, ref)
    assert teller.done == [("GrabFocus",)]
    teller.lies |= {"GrabFocus": ("b", [False]), "DoAction": ("b", [False])}
    with pytest.raises(Unfit, match="does not take the focus"):
        await nodes.focus(bus, ref)
    with pytest.raises(Unfit, match="did not do 'press'"):
        await nodes.act(bus, ref, "press")
    with pytest.raises(Unfit, match="focus it and type"):
        await nodes.set_text(bus, ref, "text")
