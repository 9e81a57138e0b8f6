"""Whether a node is as wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox_image.accessibility.bus import Bus
from sandbox_image.accessibility.wanted import Wanted
from sandbox_image.channel import Fault
from sandbox_image.wire import NodeQuery

if TYPE_CHECKING:
    from tests.support.accessible import TellingProgram


def wanted(*, hidden: bool = False, **query: Any) -> Wanted:
    return Wanted.of(NodeQuery(**query).model_dump(), hidden=hidden)


def test_only_what_shows_is_wanted_unless_more_is_asked_for() -> None:
    assert wanted(states=("focused",)).states == {"focused", "showing"}
    assert wanted(states=("focused",), hidden=True).states == {"focused"}


def test_what_is_no_regular_expression_is_malformed() -> None:
    with pytest.raises(Fault, match="name_regex '\\('") as caught:
        wanted(name_regex="(")
    assert caught.value.code == "malformed"


@pytest.mark.x11
@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({}, True),
        ({"role": "Button"}, True),
        ({"role": "butt"}, False),
        ({"name": " save  AS "}, True),
        ({"name": "save"}, False),
        ({"name_regex": "^Save"}, True),
        ({"name_regex": "^as"}, False),
        ({"text": "some  TEXT"}, True),
        ({"text": "other"}, False),
        ({"role": "button", "name": "Save As", "name_regex": "As$", "text": "text"}, True),
        ({"role": "button", "name": "Save As", "name_regex": "Al$"}, False),
    ],
)
async def test_a_node_fits_where_all_of_it_does(
    bus: Bus, teller: TellingProgram, query: dict[str, Any], *, fits: bool
) -> None:
    from tests.support.accessible import Told  # noqa: PLC0415 - needs the image

    ref = teller.add("node", Told("Save As", "push button", text="With some text"))
    assert await wanted(**query).fits(bus, ref) is fits
