"""The fake keyboard knows and refuses what the real one does."""

from __future__ import annotations

import pytest

from harness.testing import FakeWindow
from harness.testing.guest import FakeGuest
from harness.testing.keyboard import check_typable, chord
from sandbox_image.wire import (
    Action,
    ClipboardRead,
    ErrorCode,
    Hold,
    Perform,
    Press,
    ReadClipboard,
    Refused,
    Result,
    SetClipboard,
    Typed,
    TypeText,
)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("Return", ("return",)),
        ("enter", ("return",)),
        ("Page_Up", ("pageup",)),
        ("pgup", ("pageup",)),
        ("ctrl+shift+T", ("ctrl", "shift", "t")),
        ("Control_L+a", ("ctrl", "a")),
        ("A", ("A",)),
        ("é", ("é",)),
        ("+", ("+",)),
        ("ctrl++", ("ctrl", "+")),
        ("plus", ("+",)),
        ("F12", ("f12",)),
    ],
)
def test_names_have_one_spelling(keys: str, names: tuple[str, ...]) -> None:
    assert chord(keys) == names


@pytest.mark.parametrize("keys", ["NoSuchKey", "ctrl+", "ctrl+nosuchkey", "F25", " "])
def test_names_nobody_knows_are_refused_with_the_name(keys: str) -> None:
    with pytest.raises(Refused, match="no key is named") as refused:
        chord(keys)
    assert refused.value.failure.code is ErrorCode.UNKNOWN_KEY


@pytest.mark.parametrize("text", ["a\0", "a\x1b", "a\x7f"])
def test_control_characters_cannot_be_typed(text: str) -> None:
    check_typable(TypeText(text="a漢\r\n\t"))
    with pytest.raises(Refused, match="character 1, is a control character"):
        check_typable(TypeText(text=text))


def test_a_secret_is_limited_by_the_keys_there_are() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    check_typable(TypeText(text=text))
    check_typable(TypeText(text=text[:200], secret=True))
    with pytest.raises(Refused, match="a secret does not go through the clipboard"):
        check_typable(TypeText(text=text, secret=True))


async def results(guest: FakeGuest, *actions: Action) -> tuple[Result, ...]:
    reply, _ = await guest.perform(Perform(id="12345678", actions=actions))
    assert reply.failure is None, reply.failure
    return reply.results


async def test_a_text_says_how_it_went_in_as_on_the_real_desktop() -> None:
    plain, mixed, secret = await results(
        FakeGuest(),
        TypeText(text="plain\n"),
        TypeText(text="plain\ncafé\t!"),
        TypeText(text="café", secret=True),
    )
    assert plain == Typed(keys=6)
    assert mixed == Typed(keys=8, pasted=4)
    assert secret == Typed(keys=3, bound=1)


async def test_every_kind_of_line_end_is_typed_as_one() -> None:
    guest = FakeGuest()
    window = guest.show(FakeWindow())
    await results(guest, TypeText(text="a\nb\r\nc\rd"))
    assert window.text == "a\nb\nc\nd"


async def test_a_window_copies_its_text_and_pastes_what_the_clipboard_holds() -> None:
    guest = FakeGuest()
    window = guest.show(FakeWindow(text="old"))
    await results(guest, Press(keys="ctrl+c"), SetClipboard(text=" new"), Press(keys="ctrl+v", repeat=2))
    assert window.text == "old new new"
    (read,) = (await results(guest, Press(keys="ctrl+c"), ReadClipboard()))[1:]
    assert read == ClipboardRead(targets=("UTF8_STRING",), text="old new new")


async def test_a_key_that_is_held_for_a_time_is_pressed_once() -> None:
    guest = FakeGuest()
    window = guest.show(FakeWindow())
    await results(guest, Hold(keys="a", hold_ms=1000))
    assert (window.text, guest.held) == ("a", set())
