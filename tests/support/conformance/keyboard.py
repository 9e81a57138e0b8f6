"""The keyboard."""

from __future__ import annotations

import pytest

from harness.errors import UnknownKey, Untypable
from harness.sandbox.desktop import Desktop
from tests.support.conformance.checks import QUICK, check


@check
async def keys_nobody_knows_and_characters_on_no_key_are_refused(desktop: Desktop) -> None:
    for keys in ("NoSuchKey", "ctrl+nosuchkey", "ctrl+"):
        with pytest.raises(UnknownKey):
            await desktop.press(keys)
    with pytest.raises(Untypable):
        await desktop.type("漢字")


@check
async def keys_have_the_names_that_x_gives_them_in_any_case(desktop: Desktop) -> None:
    for keys in ("Escape", "ESC", "shift", "Page_Up", "pgup", "ctrl+shift+Escape", "F12", "Left"):
        await desktop.press(keys, settle=QUICK)


@check
async def a_key_that_does_nothing_changes_nothing(desktop: Desktop) -> None:
    effect = await desktop.press("shift")
    assert (effect.changed, effect.box, effect.share) == (False, None, 0)
