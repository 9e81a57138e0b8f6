"""The keyboard."""

from __future__ import annotations

import pytest

from harness.errors import UnknownKey, Untypable, UsageError, WrongHold
from harness.sandbox.desktop import Desktop
from sandbox_image.wire import Typed, TypeText
from tests.support.conformance.checks import QUICK, check, editor


@check
async def keys_nobody_knows_and_characters_on_no_key_are_refused(desktop: Desktop) -> None:
    for keys in ("NoSuchKey", "ctrl+nosuchkey", "ctrl+"):
        with pytest.raises(UnknownKey):
            await desktop.press(keys)
    for text in ("a\0", "a\x1b", "a\x7f"):
        with pytest.raises(Untypable):
            await desktop.type(text)
    with pytest.raises(Untypable):
        await desktop.type("".join(map(chr, range(0x4E00, 0x4E00 + 400))), secret=True)


@check
async def keys_have_the_names_that_x_gives_them_in_any_case(desktop: Desktop) -> None:
    for keys in ("Escape", "ESC", "shift", "Page_Up", "pgup", "ctrl+shift+Escape", "F12", "Left"):
        await desktop.press(keys, settle=QUICK)


@check
async def a_key_that_does_nothing_changes_nothing(desktop: Desktop) -> None:
    effect = await desktop.press("shift")
    assert (effect.changed, effect.box, effect.share) == (False, None, 0)


@check
async def a_key_is_held_for_a_time_and_released(desktop: Desktop) -> None:
    await desktop.hold("shift", 0.05, settle=QUICK)
    await desktop.key_down("shift", settle=QUICK)  # refused where it were still down
    with pytest.raises(WrongHold):
        await desktop.hold("shift", 0.05, settle=QUICK)
    await desktop.hold("ctrl+shift", 0.05, settle=QUICK)
    await desktop.key_up("shift", settle=QUICK)
    with pytest.raises(UnknownKey):
        await desktop.hold("NoSuchKey", 1)


@check
async def what_was_typed_is_read_back_where_it_is_asked_for(desktop: Desktop) -> None:
    window = await editor(desktop)
    for text in ("plain\r\n\tcafé Жар 漢字 e\u0301 \U0001f469\u200d\U0001f467\n", "and more"):
        back = await desktop.type(text, read_back=True)
        assert back.exact, back
        assert back.found == text.replace("\r\n", "\n")
        assert back.node is not None
        assert (back.node.app, back.effect.changed) == (window.window_class[0], True)


@check
async def a_secret_is_never_read_back_and_not_typed_then(desktop: Desktop) -> None:
    await editor(desktop)
    with pytest.raises(UsageError, match="never read back"):
        await desktop.type("secret", secret=True, read_back=True)  # type: ignore[call-overload]
    focus = await desktop.focused()
    assert focus.text is not None
    assert focus.text.text == ""


@check
async def text_of_any_script_reaches_the_program_and_leaves_the_clipboard_alone(desktop: Desktop) -> None:
    text = "plain\n\tcafé Жар 漢字 e\u0301 \U0001f469\u200d\U0001f467\n\nend"
    await editor(desktop)
    await desktop.set_clipboard("kept")
    answer = await desktop.perform(TypeText(text=text))
    (typed,) = answer.reply.results
    assert isinstance(typed, Typed)
    assert (typed.keys + typed.pasted + typed.bound, typed.bound) == (len(text), 0)
    assert await desktop.clipboard() == "kept"
    for keys in ("ctrl+a", "ctrl+c"):
        await desktop.press(keys)
    assert await desktop.clipboard() == text
