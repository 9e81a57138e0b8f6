from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_image.keys import parse, symbol_of
from sandbox_image.wire import ErrorCode, Refused

NAMES = {
    0xFF0D: "Return return RETURN Enter enter",
    0xFF09: "Tab tab TAB",
    0xFF1B: "Escape escape Esc ESC esc",
    0xFF08: "BackSpace backspace Backspace BACKSPACE back_space bksp",
    0xFFFF: "Delete delete Del del",
    0xFF63: "Insert insert Ins",
    0x20: "space Space SPACE spacebar",
    0xFF50: "Home home",
    0xFF57: "End end",
    0xFF51: "Left left ArrowLeft arrow_left",
    0xFF52: "Up up ArrowUp",
    0xFF53: "Right right ArrowRight",
    0xFF54: "Down down ArrowDown",
    0xFF55: "Page_Up page_up PageUp pageup Prior PgUp pgup",
    0xFF56: "Page_Down page_down PageDown Next PgDn pgdown",
    0xFFE3: "ctrl Ctrl CTRL control Control_L control_l ctl",
    0xFFE4: "Control_R rctrl",
    0xFFE1: "shift Shift Shift_L",
    0xFFE2: "Shift_R",
    0xFFE9: "alt Alt Alt_L option",
    0xFFEA: "Alt_R",
    0xFE03: "AltGr ISO_Level3_Shift",
    0xFFEB: "super Super Super_L win Win windows cmd command meta",
    0xFFEC: "Super_R",
    0xFFE7: "Meta_L",
    0xFFE5: "Caps_Lock capslock CapsLock caps",
    0xFF7F: "Num_Lock NumLock",
    0xFF14: "Scroll_Lock scrolllock",
    0xFF61: "Print PrintScreen print_screen prtsc",
    0xFF13: "Pause break",
    0xFF67: "Menu menu apps ContextMenu",
    0xFFBE: "F1 f1",
    0xFFC9: "F12 f12",
    0xFFD5: "F24 f24",
    0xFF8D: "KP_Enter kp_enter",
    0xFFB7: "KP_7 kp_7 numpad7",
    0xFFAB: "KP_Add kp_add",
    0xFE51: "dead_acute DEAD_ACUTE",
    0xFE52: "dead_circumflex",
    0x20AC: "EuroSign eurosign",
    0x2D: "minus - hyphen",
    0x2B: "plus +",
    0x3D: "equal = equals",
    0x2C: "comma ,",
    0x2E: "period . dot",
    0x2F: "slash /",
    0x5C: "backslash \\",
    0x3B: "semicolon ;",
    0x3A: "colon :",
    0x27: "apostrophe ' quote",
    0x22: 'quotedbl "',
    0x60: "grave ` backtick",
    0x7E: "asciitilde ~ tilde",
    0x21: "exclam !",
    0x40: "at @",
    0x23: "numbersign # hash",
    0x24: "dollar $",
    0x25: "percent %",
    0x5E: "asciicircum ^ caret",
    0x26: "ampersand &",
    0x2A: "asterisk *",
    0x28: "parenleft (",
    0x29: "parenright )",
    0x5F: "underscore _",
    0x5B: "bracketleft [",
    0x5D: "bracketright ]",
    0x7B: "braceleft {",
    0x7D: "braceright }",
    0x7C: "bar | pipe",
    0x3C: "less <",
    0x3E: "greater >",
    0x3F: "question ?",
    0xE9: "eacute é",
    0x1008FF13: "XF86AudioRaiseVolume volumeup",
}
TABLE = [(name, symbol) for symbol, names in NAMES.items() for name in names.split(" ")]
CHORDS = [
    ("ctrl+s", [0xFFE3, 0x73]),
    ("Ctrl+S", [0xFFE3, 0x73]),
    ("ctrl + s", [0xFFE3, 0x73]),
    ("ctrl+shift+T", [0xFFE3, 0xFFE1, 0x74]),
    ("shift+A", [0xFFE1, 0x41]),
    ("A", [0x41]),
    ("a", [0x61]),
    ("alt+Tab", [0xFFE9, 0xFF09]),
    ("ctrl++", [0xFFE3, 0x2B]),
    ("ctrl+plus", [0xFFE3, 0x2B]),
    ("ctrl+shift++", [0xFFE3, 0xFFE1, 0x2B]),
    ("++", [0x2B]),
    ("ctrl+-", [0xFFE3, 0x2D]),
    ("ctrl+alt+Delete", [0xFFE3, 0xFFE9, 0xFFFF]),
    (" ", [0x20]),
    ("\n", [0xFF0D]),
    ("\t", [0xFF09]),
    ("世", [0x01004E16]),
]


def symbols(chord: str) -> list[int]:
    return [key.symbol for key in parse(chord)]


@pytest.mark.parametrize(("name", "symbol"), TABLE)
def test_a_key_goes_by_its_names_in_any_case(name: str, symbol: int) -> None:
    assert symbols(name) == [symbol]


@pytest.mark.parametrize(("chord", "expected"), CHORDS)
def test_a_chord_is_read_in_order(chord: str, expected: list[int]) -> None:
    assert symbols(chord) == expected


@pytest.mark.parametrize("character", string.ascii_letters + string.digits + string.punctuation + "äßøÉ")
def test_a_character_alone_is_itself(character: str) -> None:
    assert symbols(character) == [ord(character)]


@pytest.mark.parametrize("number", range(1, 25))
def test_every_function_key_is_known(number: int) -> None:
    assert symbols(f"F{number}") == [0xFFBD + number]


@pytest.mark.parametrize("chord", ["", "ctrl+", "+a", "ctrl+nokey", "hello world", "ctrl-s", "Retrun", "ctrl a"])
def test_what_is_no_key_is_refused(chord: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse(chord)
    assert refusal.value.failure.code is ErrorCode.UNKNOWN_KEY


@pytest.mark.parametrize(("wrong", "right"), [("Retrun", "Return"), ("Escpe", "Escape"), ("page-dwn", "Page_Down")])
def test_a_refusal_suggests_the_name_that_was_meant(wrong: str, right: str) -> None:
    with pytest.raises(Refused, match=f"did you mean .*{right}"):
        parse(wrong)


def test_a_refusal_without_a_guess_is_made_of_sentences() -> None:
    with pytest.raises(Refused, match=r"no key is called 'qqqqqq' in 'ctrl\+qqqqqq'\. Keys have X keysym names"):
        parse("ctrl+qqqqqq")


def test_characters_outside_latin_1_have_unicode_keysyms() -> None:
    assert symbol_of("€") == 0x010020AC
    assert symbol_of("é") == 0xE9


@given(st.text(max_size=20))
def test_any_text_is_a_chord_or_refused(text: str) -> None:
    with suppress(Refused):
        assert parse(text)


@given(st.lists(st.sampled_from([name for name, _ in TABLE if name != "+"]), min_size=1, max_size=4))
def test_names_joined_by_plus_are_read_one_by_one(names: list[str]) -> None:
    assert len(parse("+".join(names))) == len(names)
